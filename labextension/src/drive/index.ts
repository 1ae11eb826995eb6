import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Drive } from '@jupyterlab/services';

/** What runs leave in `.mdk` folders, which the file browser hides, as the drive `mdk:`. */
export const drivePlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdk-jupyter:drive',
  description:
    'Opens executed notebooks and logs, which are in hidden folders.',
  autoStart: true,
  activate: (app: JupyterFrontEnd): void => {
    const { contents, serverSettings } = app.serviceManager;
    contents.addDrive(
      new Drive({ name: 'mdk', apiEndpoint: 'mdk/contents', serverSettings })
    );
  }
};
