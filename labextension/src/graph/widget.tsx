import {
  MainAreaWidget,
  Notification,
  ReactWidget,
  ToolbarButton
} from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, downloadIcon, LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { fitIcon, graphIcon, zoomOutIcon } from '../icons';
import { CommandIDs } from '../runs/commands';
import { useSignal } from '../live';
import type { IPipelines, IRuns } from '../tokens';
import type { Checked, RunView } from '../types';
import { FIT } from './fit';
import { graphOfComponents, graphOfRun, type IGraph } from './graph';
import { type Subject, graphId } from './subject';
import type { Flow } from './view';
import { foreachText, remark, whenText } from './words';

const GraphView = React.lazy(() => import('./view'));

interface IOptions {
  subject: Subject;
  runs: IRuns;
  pipelines: IPipelines;
  /** Read a notebook that is not open. */
  read: (path: string) => Promise<Checked>;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The graph of a notebook or of a run, in the main area. */
export class GraphContent extends ReactWidget {
  constructor(private readonly _options: IOptions) {
    super();
    this.addClass('jp-mdk-Graph');
  }

  get subject(): Subject {
    return this._options.subject;
  }

  /** How many components are known to be in it. */
  get size(): number {
    const { subject, runs, pipelines } = this._options;
    return 'run' in subject
      ? (runs.get(subject.run)?.steps.length ?? 0)
      : (pipelines.byPath(subject.path)?.checked?.components.length ?? 0);
  }

  /** How it is moved and zoomed; null before it is drawn. */
  flow: Flow | null = null;

  /** Save the graph as a picture, in the colours of the page. */
  async save(format: 'svg' | 'png'): Promise<void> {
    if (!this._graph) {
      return;
    }
    const { trans } = this._options;
    const [{ layout }, { picture, paintOf, asPNG }] = await Promise.all([
      import('./layout'),
      import('./picture')
    ]);
    const now = Date.now() / 1000;
    const svg = picture(
      this._graph,
      layout(this._graph),
      paintOf(document.body),
      node => ({
        remark: remark(node, now, trans),
        more: [
          ...(node.when ? [whenText(node, trans)] : []),
          ...(node.foreach ? [foreachText(node, trans)] : [])
        ]
      })
    );
    const blob =
      format === 'svg'
        ? new Blob([svg], { type: 'image/svg+xml' })
        : await asPNG(svg);
    download(blob, `${this._name()}.${format}`);
  }

  protected render(): JSX.Element {
    return (
      <Drawn
        {...this._options}
        onGraph={graph => {
          this._graph = graph;
        }}
        onReady={flow => {
          this.flow = flow;
        }}
      />
    );
  }

  private _name(): string {
    const { subject, runs } = this._options;
    if ('run' in subject) {
      const run = runs.get(subject.run);
      return run ? `${run.pipeline}-${run.id}` : subject.run;
    }
    return (subject.path.split('/').pop() as string).replace(/\.[^.]+$/, '');
  }

  private _graph: IGraph | null = null;
}

function Drawn(
  props: IOptions & {
    onGraph: (graph: IGraph) => void;
    onReady: (flow: Flow) => void;
  }
): JSX.Element {
  const { subject, runs, pipelines, commands, trans, onGraph, onReady } = props;
  const { run, checked, path, error } = useSubject(props);
  useSignal(pipelines.currentChanged);
  useSignal(path === null ? undefined : pipelines.byPath(path)?.stateChanged);
  useSignal(runs.stateChanged);
  const components = checked?.components ?? [];
  const graph =
    'run' in subject
      ? run && graphOfRun(run, components)
      : checked && graphOfComponents(components, run);
  if (error !== null && !graph) {
    return (
      <p className="jp-mdk-Note" role="alert">
        {error}
      </p>
    );
  }
  if (!graph?.nodes.length) {
    return (
      <p className="jp-mdk-Empty">
        {graph
          ? trans.__('There are no components yet.')
          : trans.__('Reading the pipeline…')}
      </p>
    );
  }
  onGraph(graph);
  const openNotebook = (step: string) =>
    void commands.execute(CommandIDs.openStep, { run: run?.id, step });
  const open = (name: string) => {
    const node = graph.nodes.find(other => other.id === name);
    const cell = components.find(other => other.name === name)?.cells[0];
    if (path === null || !cell || ('run' in subject && node?.hasNotebook)) {
      openNotebook(name);
    } else {
      void commands.execute(CommandIDs.goToCell, { path, cell });
    }
  };
  return (
    <React.Suspense
      fallback={<p className="jp-mdk-Empty">{trans.__('Drawing…')}</p>}
    >
      <GraphView
        graph={graph}
        onOpen={open}
        onOpenNotebook={openNotebook}
        onReady={onReady}
        trans={trans}
      />
    </React.Suspense>
  );
}

/** The run and the components that a graph shows; what is not open is read once. */
function useSubject({ subject, runs, pipelines, read }: IOptions): {
  run: RunView | undefined;
  checked: Checked | null;
  path: string | null;
  error: string | null;
} {
  const [found, setFound] = React.useState<RunView | undefined>();
  const [onDisk, setOnDisk] = React.useState<Checked | null>(null);
  const [error, setError] = React.useState<string | null>(null);
  const run =
    'run' in subject
      ? (runs.get(subject.run) ?? found)
      : runs.latest(subject.path);
  const path = 'run' in subject ? (run?.source ?? null) : subject.path;
  const open = path === null ? null : pipelines.byPath(path);
  React.useEffect(() => {
    if ('run' in subject && !runs.get(subject.run)) {
      runs
        .find(subject.run)
        .then(setFound)
        .catch((reason: Error) => setError(reason.message));
    }
  }, [subject]);
  React.useEffect(() => {
    if (path !== null && !pipelines.byPath(path)) {
      read(path)
        .then(setOnDisk)
        .catch((reason: Error) => setError(reason.message));
    }
  }, [path, open]);
  return { run, checked: open?.checked ?? onDisk, path, error };
}

/** The widget of a graph, with its toolbar. */
export function graphWidget(options: IOptions): MainAreaWidget<GraphContent> {
  const { subject, trans } = options;
  const content = new GraphContent(options);
  const widget = new MainAreaWidget({ content });
  content.node.setAttribute('aria-label', trans.__('Graph of the pipeline'));
  widget.id = graphId(subject);
  widget.title.label =
    'run' in subject
      ? trans.__('Graph of run %1', subject.run)
      : trans.__('Graph of %1', subject.path.split('/').pop());
  widget.title.icon = graphIcon;
  widget.title.closable = true;
  const add = (
    name: string,
    icon: LabIcon,
    tooltip: string,
    onClick: () => unknown,
    label?: string
  ) =>
    widget.toolbar.addItem(
      name,
      new ToolbarButton({ icon, tooltip, label, onClick: () => void onClick() })
    );
  add('fit', fitIcon, trans.__('Show the whole graph (0)'), () =>
    content.flow?.fitView(FIT)
  );
  add('zoom-in', addIcon, trans.__('Larger (+)'), () => content.flow?.zoomIn());
  add('zoom-out', zoomOutIcon, trans.__('Smaller (-)'), () =>
    content.flow?.zoomOut()
  );
  const save = (format: 'svg' | 'png') => () =>
    content
      .save(format)
      .catch((reason: Error) => Notification.error(reason.message));
  add('svg', downloadIcon, trans.__('Save as SVG'), save('svg'), 'SVG');
  add('png', downloadIcon, trans.__('Save as PNG'), save('png'), 'PNG');
  return widget;
}

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
