import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { IMDKClient, IPipelines } from '../tokens';
import { Pipelines } from './pipelines';

/** What the open notebooks are as pipelines. */
export const pipelinesPlugin: JupyterFrontEndPlugin<IPipelines> = {
  id: 'mdk-jupyter:pipelines',
  description: 'Checks the open notebooks as they are edited.',
  autoStart: true,
  provides: IPipelines,
  requires: [IMDKClient, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    client: IMDKClient,
    tracker: INotebookTracker
  ): IPipelines =>
    new Pipelines({
      client,
      tracker,
      contents: app.serviceManager.contents,
      show: panel => app.shell.activateById(panel.id)
    })
};
