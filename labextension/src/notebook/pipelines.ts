import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import type { IMDKClient, IPipeline, IPipelines } from '../tokens';
import { Pipeline } from './pipeline';

/** The drive of executed notebooks; those are no pipelines. */
const EXECUTED = 'mdk';

/** The pipelines of the notebooks that a tracker knows. */
export class Pipelines implements IPipelines {
  constructor(options: Pipelines.IOptions) {
    this._options = options;
    options.tracker.forEach(panel => this._add(panel));
    options.tracker.widgetAdded.connect(this._onAdded, this);
    options.tracker.currentChanged.connect(this._onCurrent, this);
    this._current = this._front();
  }

  get current(): IPipeline | null {
    return this._current;
  }

  get currentChanged(): ISignal<IPipelines, IPipeline | null> {
    return this._currentChanged;
  }

  get(panel: NotebookPanel): IPipeline | null {
    return this._pipelines.get(panel) ?? null;
  }

  byPath(path: string): IPipeline | null {
    const all = [...this._pipelines.values()];
    return all.find(pipeline => pipeline.path === path) ?? null;
  }

  private _add(panel: NotebookPanel): void {
    const { client, contents, show } = this._options;
    if (contents.driveName(panel.context.path) === EXECUTED) {
      return;
    }
    const pipeline = new Pipeline({ panel, client, contents, show });
    this._pipelines.set(panel, pipeline);
    panel.disposed.connect(this._onDisposed, this);
  }

  private _front(): IPipeline | null {
    const panel = this._options.tracker.currentWidget;
    return panel && this.get(panel);
  }

  private _onAdded(_: INotebookTracker, panel: NotebookPanel): void {
    // It may be in front before it is told of.
    this._add(panel);
    this._onCurrent();
  }

  private _onDisposed(panel: NotebookPanel): void {
    this._pipelines.get(panel)?.dispose();
    this._pipelines.delete(panel);
    this._onCurrent();
  }

  private _onCurrent(): void {
    const front = this._front();
    if (front !== this._current) {
      this._current = front;
      this._currentChanged.emit(front);
    }
  }

  private _current: IPipeline | null = null;
  private readonly _currentChanged = new Signal<IPipelines, IPipeline | null>(
    this
  );
  private readonly _options: Pipelines.IOptions;
  private readonly _pipelines = new Map<NotebookPanel, Pipeline>();
}

export namespace Pipelines {
  export interface IOptions {
    client: IMDKClient;
    tracker: INotebookTracker;
    contents: Contents.IManager;
    /** Bring a notebook to the front. */
    show: (panel: NotebookPanel) => void;
  }
}
