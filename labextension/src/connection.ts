import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { MDKClient } from './client';
import { IMDKClient } from './tokens';

/** The client, with the settings of this page's server. */
export const clientPlugin: JupyterFrontEndPlugin<IMDKClient> = {
  id: 'mdk-jupyter:client',
  description: 'Asks the MDK server extension.',
  autoStart: true,
  provides: IMDKClient,
  activate: (app: JupyterFrontEnd): IMDKClient =>
    new MDKClient(app.serviceManager.serverSettings)
};
