import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  MainAreaWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { graphIcon } from '../icons';
import { present } from '../presenting';
import { CommandIDs } from '../runs/commands';
import { IMDKClient, IPipelines, IRuns } from '../tokens';
import type { Checked } from '../types';
import { type Subject, graphId } from './subject';
import type { GraphContent } from './widget';

/** More components than this need the whole width. */
const LARGE = 24;

/** The graph of a notebook or a run in the main area. What draws it is loaded when the first one is opened. */
export const graphPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdk-jupyter:graph',
  description: 'Draws pipelines and their runs as graphs.',
  autoStart: true,
  requires: [IMDKClient, IRuns, IPipelines],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    client: IMDKClient,
    runs: IRuns,
    pipelines: IPipelines,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('mdk_jupyter');
    const graphs = new WidgetTracker<MainAreaWidget<GraphContent>>({
      namespace: 'mdk-graph'
    });
    const read = (path: string) =>
      client.ask<Checked>('check', { method: 'POST', body: { path } });

    commands.addCommand(CommandIDs.openGraph, {
      label: trans.__('Open Pipeline Graph'),
      caption: trans.__('Show the graph of this pipeline'),
      icon: graphIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: {
              type: 'string',
              description: 'Path of the notebook or spec; the one in front'
            },
            run: { type: 'string', description: 'Id of a run, instead' }
          }
        }
      },
      isEnabled: args =>
        Boolean(args.run ?? args.path ?? pipelines.current?.path),
      execute: async args => {
        const subject: Subject = args.run
          ? { run: args.run as string }
          : { path: (args.path as string) ?? pipelines.current?.path };
        const id = graphId(subject);
        if (!graphs.find(widget => widget.id === id)) {
          const { graphWidget } = await import('./widget');
          const widget = graphWidget({
            subject,
            runs,
            pipelines,
            read,
            commands,
            trans
          });
          // Beside the notebook, where there is room for it.
          const isLarge = widget.content.size > LARGE;
          const mode = isLarge ? 'tab-after' : 'split-right';
          await graphs.add(widget);
          present(app, widget, mode);
        } else {
          app.shell.activateById(id);
        }
      }
    });
    pipelines.currentChanged.connect(() =>
      commands.notifyCommandChanged(CommandIDs.openGraph)
    );
    palette?.addItem({
      command: CommandIDs.openGraph,
      category: trans.__('MDK')
    });
    void restorer?.restore(graphs, {
      command: CommandIDs.openGraph,
      args: widget => ({ ...widget.content.subject }),
      name: widget => widget.id
    });
  }
};
