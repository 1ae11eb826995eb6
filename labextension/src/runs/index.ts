import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  MainAreaWidget,
  WidgetTracker,
  showDialog
} from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { refreshIcon, stopIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { compareIcon } from '../icons';
import { present } from '../presenting';
import { IMDKClient, IPipelines, IRuns, ISidebar } from '../tokens';
import type { RunView, StepView } from '../types';
import { CommandIDs } from './commands';
import type { ComparisonView } from './comparison';

import { Runs } from './model';

import { tellProblem } from './notifying';

import { Opening } from './opening';

import { RunsSection } from './section';
import { Selection } from './selection';

import { Starting } from './starting';

/** The runs, kept up to date by the events of the server. */
export const runsPlugin: JupyterFrontEndPlugin<IRuns> = {
  id: 'mdk-jupyter:runs',
  description: 'Knows the runs of pipelines, live.',
  autoStart: true,
  provides: IRuns,
  requires: [IMDKClient],
  activate: (app: JupyterFrontEnd, client: IMDKClient): IRuns =>
    new Runs({ client, events: app.serviceManager.events })
};

const RUN = {
  type: 'object',
  properties: { run: { type: 'string', description: 'Id of the run' } },
  required: ['run']
} as const;
const STEP = {
  type: 'object',
  properties: {
    ...RUN.properties,
    step: { type: 'string', description: 'Name of the step' }
  },
  required: ['run', 'step']
} as const;

/** The section Runs, and what can be done with a run. */
export const runsSectionPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdk-jupyter:runs-section',
  description: 'Shows runs, compares them, and opens what they have left.',
  autoStart: true,
  requires: [
    IMDKClient,
    IRuns,
    IPipelines,
    ISidebar,
    IDocumentManager,
    IEditorServices
  ],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    client: IMDKClient,
    runs: IRuns,
    pipelines: IPipelines,
    sidebar: ISidebar,
    docManager: IDocumentManager,
    editorServices: IEditorServices,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('mdk_jupyter');
    const told = { commands, trans };
    const selection = new Selection();
    const opening = new Opening({
      client,
      docManager,
      editorServices,
      pipelines
    });
    const starting = new Starting({ runs, pipelines, ...told });
    const comparisons = new WidgetTracker<MainAreaWidget<ComparisonView>>({
      namespace: 'mdk-comparison'
    });

    /** Carry something out, and tell why where that is not possible. */
    const carefully = async (
      work: () => Promise<unknown>,
      path: string | null = null
    ) => {
      try {
        await work();
      } catch (reason) {
        tellProblem(reason, path, told);
      }
    };
    const withStep = (
      args: ReadonlyPartialJSONObject,
      work: (run: RunView, step: StepView) => Promise<unknown>
    ) =>
      carefully(async () => {
        const run = await runs.find(args.run as string);
        const step = run.steps.find(one => one.name === args.step);
        if (step) {
          await work(run, step);
        }
      });
    const isSure = async (run: RunView, title: string, button: string) =>
      run.target === 'local' ||
      (
        await showDialog({
          title,
          body: trans.__(
            '%1 in environment %2',
            run.pipeline,
            run.environment ?? run.target
          ),
          buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: button })]
        })
      ).button.accept;

    commands.addCommand(CommandIDs.refreshRuns, {
      label: trans.__('Refresh Runs'),
      caption: trans.__('Read the list of runs again'),
      icon: refreshIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => runs.refresh()
    });
    commands.addCommand(CommandIDs.showRun, {
      label: trans.__('Show Runs'),
      caption: trans.__('Show the runs, or one of them, in the sidebar'),
      describedBy: { args: { type: 'object', properties: RUN.properties } },
      execute: args => {
        sidebar.reveal(section);
        if (args.run) {
          section.reveal(args.run as string);
        }
      }
    });
    commands.addCommand(CommandIDs.compare, {
      label: trans.__('Compare Two Runs'),
      caption: trans.__('Compare the two runs that are chosen'),
      icon: compareIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            a: { type: 'string', description: 'Id of a run' },
            b: { type: 'string', description: 'Id of another run' }
          }
        }
      },
      isEnabled: args =>
        Boolean(args.a && args.b) || selection.ids.length === 2,
      execute: async args => {
        // The older one is A: what changed is read from left to right.
        const [a, b] = [
          (args.a as string) ?? selection.ids[0],
          (args.b as string) ?? selection.ids[1]
        ].sort();
        let widget = comparisons.find(
          other => other.content.a === a && other.content.b === b
        );
        if (!widget) {
          const { comparisonWidget } = await import('./comparison');
          widget = comparisonWidget(a, b, client, trans);
          await comparisons.add(widget);
        }
        present(app, widget);
      }
    });
    commands.addCommand(CommandIDs.cancel, {
      label: trans.__('Cancel Run'),
      caption: trans.__('Let a run end'),
      icon: stopIcon,
      describedBy: { args: RUN },
      execute: args =>
        carefully(async () => {
          const run = await runs.find(args.run as string);
          if (
            await isSure(
              run,
              trans.__('Cancel this run?'),
              trans.__('Cancel run')
            )
          ) {
            await runs.cancel(run);
          }
        })
    });
    commands.addCommand(CommandIDs.repeat, {
      label: trans.__('Run Again'),
      caption: trans.__('Run again with the same parameters'),
      describedBy: { args: RUN },
      execute: args =>
        carefully(async () => {
          const run = await runs.find(args.run as string);
          const { source: path, target, environment, parameters } = run;
          if (
            path !== null &&
            (await isSure(
              run,
              trans.__('Submit this run again?'),
              trans.__('Submit')
            ))
          ) {
            const again = target !== 'local';
            await starting.start({
              path,
              target,
              environment,
              parameters,
              again
            });
          }
        })
    });
    commands.addCommand(CommandIDs.openStep, {
      label: trans.__('Open Executed Notebook'),
      caption: trans.__('Open the executed notebook of a step'),
      describedBy: { args: STEP },
      execute: args => withStep(args, (run, step) => opening.step(run, step))
    });
    commands.addCommand(CommandIDs.openLog, {
      label: trans.__('Open Log of Step'),
      caption: trans.__('Open what a step printed'),
      describedBy: { args: STEP },
      execute: args =>
        withStep(args, async (run, step) => {
          const widget = await opening.log(run, step);
          if (widget) {
            present(app, widget);
          }
        })
    });
    commands.addCommand(CommandIDs.goToCell, {
      label: trans.__('Go to Cell'),
      caption: trans.__('Open a notebook at one of its cells'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: { type: 'string', description: 'Path of the notebook' },
            cell: { type: 'string', description: 'Id of the cell' },
            line: { type: 'number', description: 'Line in the cell, from 1' }
          },
          required: ['path', 'cell']
        }
      },
      execute: args =>
        carefully(() =>
          opening.cell(
            args.path as string,
            args.cell as string,
            args.line as number | undefined
          )
        )
    });

    const section = new RunsSection({ runs, selection, commands, trans });
    section.id = 'mdk-jupyter:runs-section';
    sidebar.addSection(section, 20);
    selection.changed.connect(() =>
      commands.notifyCommandChanged(CommandIDs.compare)
    );
    const category = trans.__('MDK');
    for (const command of [
      CommandIDs.showRun,
      CommandIDs.refreshRuns,
      CommandIDs.compare
    ]) {
      palette?.addItem({ command, category });
    }
    void restorer?.restore(comparisons, {
      command: CommandIDs.compare,
      args: ({ content: { a, b } }) => ({ a, b }),
      name: ({ content: { a, b } }) => `${a}:${b}`
    });
  }
};
