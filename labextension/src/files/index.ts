import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { mdkIcon } from '../icons';
import { ISidebar } from '../tokens';

namespace CommandIDs {
  export const open = 'mdk:open-pipeline';
  export const check = 'mdk:check-file';
}

/** What can be done with notebooks in the file browser. */
export const filesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdk-jupyter:files',
  description: 'Opens and checks pipelines from the file browser.',
  autoStart: true,
  requires: [IFileBrowserFactory],
  optional: [ISidebar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    browsers: IFileBrowserFactory,
    sidebar: ISidebar | null,
    translator: ITranslator | null
  ): void => {
    const { commands, serviceManager } = app;
    const trans = (translator ?? nullTranslator).load('mdk_jupyter');
    const describedBy = {
      args: {
        type: 'object',
        properties: {
          path: {
            type: 'string',
            description: trans.__(
              'Contents path of a notebook; without it the one that is selected'
            )
          }
        }
      }
    } as const;
    const pathIn = (path: unknown): string | null => {
      const chosen = browsers.tracker.currentWidget?.selectedItems().next();
      const found = path ?? chosen?.value?.path;
      return typeof found === 'string' ? found : null;
    };

    commands.addCommand(CommandIDs.open, {
      label: trans.__('Open as Pipeline'),
      caption: trans.__('Open the notebook, and show its pipeline beside it'),
      icon: mdkIcon,
      describedBy,
      execute: async args => {
        const path = pathIn(args.path);
        if (path !== null) {
          await commands.execute('docmanager:open', { path });
          sidebar?.reveal('mdk-jupyter:pipeline-section');
        }
      }
    });
    commands.addCommand(CommandIDs.check, {
      label: trans.__('Check Pipeline'),
      caption: trans.__('Check whether the notebook is a sound pipeline'),
      describedBy,
      execute: async args => {
        const path = pathIn(args.path);
        if (path !== null) {
          await commands.execute('mdk:check-notebook', {
            path: serviceManager.contents.localPath(path)
          });
        }
      }
    });
  }
};
