import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { MDKError } from '../client';
import { countOf } from '../findings/rendering';
import { contentOf } from '../notebook/content';
import { IMDKClient, IPipelines } from '../tokens';
import type { Spec } from '../types';
import { replaceGeneric } from './menu';

namespace CommandIDs {
  export const exportPipeline = 'mdk:export-pipeline';
}

/** Saves the pipeline spec of a notebook as a file of the user's computer. */
export const exportPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdk-jupyter:export',
  description: 'Exports notebooks as pipeline specs.',
  autoStart: true,
  requires: [IMDKClient, IPipelines],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    client: IMDKClient,
    pipelines: IPipelines,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('mdk_jupyter');
    commands.addCommand(CommandIDs.exportPipeline, {
      label: args =>
        args.isPalette
          ? trans.__('Export as MDK Pipeline')
          : trans.__('MDK Pipeline'),
      caption: trans.__('Download the pipeline spec of this notebook'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            isPalette: {
              type: 'boolean',
              description: trans.__('Whether it is an entry of the palette')
            }
          }
        }
      },
      isEnabled: () => pipelines.current !== null,
      execute: async () => {
        const pipeline = pipelines.current;
        if (!pipeline) {
          return;
        }
        const { path, panel } = pipeline;
        try {
          const { yaml } = await client.ask<Spec>('spec', {
            method: 'POST',
            body: { path, content: contentOf(panel.context.model) }
          });
          const stem = PathExt.basename(path, PathExt.extname(path));
          download(yaml, `${stem}.pipeline.yaml`);
        } catch (error) {
          const why = error instanceof MDKError ? error : null;
          Notification.error(
            why?.findings.length
              ? trans.__(
                  'This notebook is no pipeline yet: %1.',
                  countOf(why.findings, trans)
                )
              : trans.__(
                  'The pipeline cannot be exported: %1',
                  String(why?.message ?? error)
                ),
            {
              autoClose: 10_000,
              actions: why?.findings.length
                ? [
                    {
                      label: trans.__('Show Findings'),
                      callback: () => {
                        void commands.execute('mdk:check-notebook', { path });
                      }
                    }
                  ]
                : []
            }
          );
        }
      }
    });
    palette?.addItem({
      command: CommandIDs.exportPipeline,
      category: trans.__('MDK'),
      args: { isPalette: true }
    });
    void app.restored.then(() => replaceGeneric(app.shell));
  }
};

function download(text: string, name: string): void {
  const url = URL.createObjectURL(
    new Blob([text], { type: 'application/yaml' })
  );
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser may read it a little later.
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
