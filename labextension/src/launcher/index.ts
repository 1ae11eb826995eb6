import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import type { Contents, KernelSpec } from '@jupyterlab/services';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { mdkIcon } from '../icons';

namespace CommandIDs {
  export const create = 'mdk:new-pipeline';
}

/** Begins pipelines. */
export const launcherPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdk-jupyter:launcher',
  description: 'Makes notebooks that are pipelines.',
  autoStart: true,
  optional: [ILauncher, IDefaultFileBrowser, ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    launcher: ILauncher | null,
    browser: IDefaultFileBrowser | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const { commands, serviceManager } = app;
    const trans = (translator ?? nullTranslator).load('mdk_jupyter');
    commands.addCommand(CommandIDs.create, {
      label: args =>
        args.isLauncher
          ? trans.__('MDK Pipeline')
          : trans.__('New MDK Pipeline'),
      caption: trans.__('Make a notebook that is a pipeline, to begin with'),
      icon: args => (args.isPalette ? undefined : mdkIcon),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            cwd: {
              type: 'string',
              description: trans.__('Contents path of the folder')
            },
            isLauncher: {
              type: 'boolean',
              description: trans.__('Whether it is a card of the launcher')
            },
            isPalette: {
              type: 'boolean',
              description: trans.__('Whether it is an entry of the palette')
            }
          }
        }
      },
      execute: async args => {
        const { contents, kernelspecs } = serviceManager;
        const { example } = await import('./example');
        await kernelspecs.ready;
        const folder = (args.cwd as string) ?? browser?.model.path ?? '';
        const { content } = await contents.get(folder);
        const path = PathExt.join(
          folder,
          freeName((content as Contents.IModel[]).map(file => file.name))
        );
        await contents.save(path, {
          type: 'notebook',
          format: 'json',
          content: example(pythonIn(kernelspecs.specs), trans)
        });
        return commands.execute('docmanager:open', { path });
      }
    });
    launcher?.add({
      command: CommandIDs.create,
      args: { isLauncher: true },
      category: trans.__('Other'),
      rank: 0
    });
    palette?.addItem({
      command: CommandIDs.create,
      category: trans.__('MDK'),
      args: { isPalette: true }
    });
  }
};

/** The Python kernel: the usual one if it is Python, or else the first that is. */
function pythonIn(specs: KernelSpec.ISpecModels | null): {
  name: string;
  display_name: string;
} {
  const all = Object.values(specs?.kernelspecs ?? {});
  const pythons = all.filter(spec => spec?.language === 'python');
  const python =
    pythons.find(spec => spec?.name === specs?.default) ?? pythons[0];
  return {
    name: python?.name ?? 'python3',
    display_name: python?.display_name ?? 'Python 3'
  };
}

/** A pipeline is called after its notebook. */
function freeName(taken: readonly string[]): string {
  for (let number = 0; ; number++) {
    const name = `pipeline${number || ''}.ipynb`;
    if (!taken.includes(name)) {
      return name;
    }
  }
}
