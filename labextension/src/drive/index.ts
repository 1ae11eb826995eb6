import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Drive } from '@jupyterlab/services';

import { openKept } from './links';
import { DRIVE, read } from './reading';

/** What runs leave in `.mdk` folders, which the file browser hides, as the drive `mdk:`. */
export const drivePlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdk-jupyter:drive',
  description:
    'Opens executed notebooks and logs, which are in hidden folders.',
  autoStart: true,
  requires: [IDocumentManager],
  optional: [INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    docManager: IDocumentManager,
    notebooks: INotebookTracker | null
  ): void => {
    const { contents, serverSettings } = app.serviceManager;
    contents.addDrive(
      new Drive({ name: DRIVE, apiEndpoint: 'mdk/contents', serverSettings })
    );
    openKept(
      document.body,
      link =>
        notebooks?.find(panel => panel.node.contains(link))?.context.path ??
        null,
      serverSettings.baseUrl,
      path => read(docManager, path)
    );
  }
};
