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
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { codeIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { submitIcon } from '../icons';
import { present } from '../presenting';
import { CommandIDs } from '../runs/commands';
import { hasEnded } from '../runs/events';

import { tellProblem } from '../runs/notifying';

import { Starting } from '../runs/starting';
import { IMDKClient, IPipelines, IRuns, ISidebar } from '../tokens';
import type { Checked, RunRequest, Spec } from '../types';
import { Drafts } from './drafts';
import { parsed } from './parameters';

import { PipelineSection } from './section';

const PATH = {
  path: {
    type: 'string',
    description: 'Path of the notebook or spec; the notebook in front'
  }
} as const;
const NAMES = {
  oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }]
} as const;

/** The section Pipeline, and the commands that run and submit pipelines. */
export const pipelineSectionPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mdk-jupyter:pipeline-section',
  description: 'Shows, runs and submits the pipeline of the open notebook.',
  autoStart: true,
  requires: [IMDKClient, IRuns, IPipelines, ISidebar, IEditorServices],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    client: IMDKClient,
    runs: IRuns,
    pipelines: IPipelines,
    sidebar: ISidebar,
    editorServices: IEditorServices,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('mdk_jupyter');
    const told = { commands, trans };
    const starting = new Starting({ runs, pipelines, ...told });
    const drafts = new Drafts(state);
    const specs = new WidgetTracker<MainAreaWidget>({ namespace: 'mdk-spec' });

    const pathOf = (args: ReadonlyPartialJSONObject) =>
      (args.path as string) ?? pipelines.current?.path ?? null;
    const hasPath = (args: ReadonlyPartialJSONObject) => pathOf(args) !== null;
    const active = (args: ReadonlyPartialJSONObject) => {
      const run = runs.latest(pathOf(args) ?? '');
      return run && !hasEnded(run) ? run : undefined;
    };
    /** What a notebook is as a pipeline; one that is not open is read from disk. */
    const checkedOf = async (path: string) =>
      pipelines.byPath(path)?.checked ??
      client.ask<Checked>('check', { method: 'POST', body: { path } });

    commands.addCommand(CommandIDs.run, {
      label: args =>
        args.from
          ? trans.__('Run Pipeline from %1', String(args.from))
          : args.only
            ? trans.__('Run Only %1', String(args.only))
            : trans.__('Run Pipeline'),
      caption: trans.__('Run the pipeline of this notebook on this machine'),
      icon: runIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ...PATH,
            from: { ...NAMES, description: 'Components to begin with' },
            only: { ...NAMES, description: 'Components to run alone' },
            parameters: { type: 'object', description: 'Name to value' },
            cache: {
              type: 'boolean',
              description: 'Whether results are reused'
            }
          }
        }
      },
      isEnabled: hasPath,
      execute: async args => {
        const path = pathOf(args) as string;
        const given = args.parameters as RunRequest['parameters'];
        const { values, problems } = parsed(
          pipelines.byPath(path)?.checked?.parameters ?? [],
          drafts.get(path),
          trans
        );
        const [wrong] = given ? [] : Object.entries(problems);
        if (wrong) {
          sidebar.reveal(section);
          const problem = trans.__('Parameter %1: %2', ...wrong);
          tellProblem(new Error(problem), path, told);
          return;
        }
        await starting.start({
          path,
          target: 'local',
          parameters: given ?? values,
          start: list(args.from),
          only: list(args.only),
          cache: (args.cache as boolean) ?? true
        });
      }
    });
    commands.addCommand(CommandIDs.stop, {
      label: trans.__('Stop Pipeline'),
      caption: trans.__('Cancel the latest run of this notebook'),
      icon: stopIcon,
      describedBy: { args: { type: 'object', properties: PATH } },
      isEnabled: args => active(args) !== undefined,
      execute: args =>
        commands.execute(CommandIDs.cancel, { run: active(args)?.id })
    });
    commands.addCommand(CommandIDs.submit, {
      label: trans.__('Submit Pipeline…'),
      caption: trans.__(
        'Submit this pipeline to Vertex AI or Kubeflow Pipelines'
      ),
      icon: submitIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ...PATH,
            environment: {
              type: 'string',
              description: 'The environment that is offered first'
            }
          }
        }
      },
      isEnabled: hasPath,
      execute: async args => {
        const path = pathOf(args) as string;
        try {
          if (!(await starting.save(path))) {
            return;
          }
          const { parameters } = await checkedOf(path);
          const { askToSubmit } = await import('./submit');
          const request = await askToSubmit({
            client,
            path,
            parameters,
            draft: drafts.get(path),
            environment: args.environment as string | undefined,
            ...told
          });
          if (request?.schedule) {
            await starting.schedule(request);
          } else if (request) {
            await starting.start(request);
          }
        } catch (reason) {
          tellProblem(reason, path, told);
        }
      }
    });
    commands.addCommand(CommandIDs.openSpec, {
      label: trans.__('Open Pipeline Spec'),
      caption: trans.__('Show the spec that this notebook is converted to'),
      icon: codeIcon,
      describedBy: { args: { type: 'object', properties: PATH } },
      isEnabled: hasPath,
      execute: async args => {
        const path = pathOf(args) as string;
        try {
          if (!(await starting.save(path))) {
            return;
          }
          const query = { path };
          const { yaml } = await client.ask<Spec>('spec', { query });
          const id = `mdk-spec:${path}`;
          specs.find(other => other.id === id)?.dispose();
          const { textWidget } = await import('../runs/texts');
          const widget = textWidget({
            editorServices,
            id,
            title: specName(path),
            content: yaml,
            mimeType: 'text/x-yaml'
          });
          widget.title.icon = codeIcon;
          widget.title.caption = trans.__('Spec of %1, read-only', path);
          await specs.add(widget);
          present(app, widget);
        } catch (reason) {
          tellProblem(reason, path, told);
        }
      }
    });

    const section = new PipelineSection({
      pipelines,
      runs,
      drafts,
      commands,
      trans
    });
    section.id = 'mdk-jupyter:pipeline-section';
    sidebar.addSection(section, 10);

    const own = [
      CommandIDs.run,
      CommandIDs.stop,
      CommandIDs.submit,
      CommandIDs.openSpec,
      CommandIDs.openGraph
    ];
    const notify = () =>
      own
        .filter(id => commands.hasCommand(id))
        .forEach(id => commands.notifyCommandChanged(id));
    const look = () => {
      if (pipelines.current) {
        runs.look(pipelines.current.path);
      }
      notify();
    };
    pipelines.currentChanged.connect(look);
    runs.stateChanged.connect(() =>
      commands.notifyCommandChanged(CommandIDs.stop)
    );
    look();
    own.forEach(command =>
      palette?.addItem({ command, category: trans.__('MDK') })
    );
    void restorer?.restore(specs, {
      command: CommandIDs.openSpec,
      args: widget => ({ path: widget.id.slice('mdk-spec:'.length) }),
      name: widget => widget.id
    });
  }
};

function list(names: unknown): string[] {
  return names === undefined ? [] : ([names].flat() as string[]);
}

/** churn.ipynb -> churn.pipeline.yaml */
function specName(path: string): string {
  const file = path.split('/').pop() as string;
  return file.endsWith('.ipynb')
    ? file.replace(/\.ipynb$/, '.pipeline.yaml')
    : file;
}
