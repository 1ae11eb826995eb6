import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import type { IMDKClient, IPipeline } from '../tokens';
import type { Checked, Component, Finding } from '../types';
import { Checking } from './checking';
import { contentOf } from './content';
import { isMeant } from './meant';

/** The pipeline in one notebook, as it is on the screen. */
export class Pipeline implements IPipeline, IDisposable {
  constructor(options: Pipeline.IOptions) {
    this.panel = options.panel;
    this._contents = options.contents;
    this._show = options.show;
    this._checking = new Checking(options.client, () => {
      const { model } = this.panel.context;
      return this.panel.isDisposed || !this.panel.context.isReady
        ? null
        : { path: this.path, content: contentOf(model) };
    });
    this._checking.stateChanged.connect(this._onChecked, this);
    const { context } = this.panel;
    context.model.contentChanged.connect(this._onEdited, this);
    context.pathChanged.connect(this._onEdited, this);
    void context.ready.then(() => this._checking.edited());
  }

  readonly panel: NotebookPanel;

  get path(): string {
    return this._contents.localPath(this.panel.context.path);
  }

  get checked(): Checked | null {
    return this._checking.checked;
  }

  get isMeant(): boolean {
    return this.checked !== null && isMeant(this.checked);
  }

  get findings(): readonly Finding[] {
    return this.isMeant ? this.checked!.findings : [];
  }

  get isPending(): boolean {
    return this._checking.isPending;
  }

  get error(): string | null {
    return this._checking.error;
  }

  get isDisposed(): boolean {
    return this._checking.isDisposed;
  }

  get stateChanged(): ISignal<IPipeline, void> {
    return this._stateChanged;
  }

  refresh(): Promise<void> {
    return this._checking.refresh();
  }

  component(name: string): Component | undefined {
    return this.checked?.components.find(other => other.name === name);
  }

  componentOf(cell: string): string | undefined {
    return this._components.get(cell);
  }

  colourOf(name: string): number {
    const known = this.checked?.components ?? [];
    const index = known.findIndex(other => other.name === name);
    return index < 0 ? known.length : index;
  }

  async goTo(cell: string, line?: number): Promise<void> {
    const notebook = this.panel.content;
    const index = notebook.widgets.findIndex(other => other.model.id === cell);
    this._show(this.panel);
    if (index < 0) {
      return;
    }
    const widget = notebook.widgets[index];
    NotebookActions.expandParent(widget, notebook);
    notebook.deselectAll();
    notebook.activeCellIndex = index;
    await notebook.scrollToItem(index, 'smart');
    await widget.ready;
    if (line !== undefined) {
      widget.inputHidden = false;
      notebook.mode = 'edit';
      widget.editor?.setCursorPosition({ line: line - 1, column: 0 });
      widget.editor?.revealPosition({ line: line - 1, column: 0 });
      widget.editor?.focus();
    } else {
      notebook.node.focus();
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._checking.dispose();
    Signal.clearData(this);
  }

  private _onChecked(): void {
    this._components = new Map(
      this.checked?.cells.flatMap(cell =>
        cell.component === null ? [] : [[cell.id, cell.component]]
      )
    );
    this._stateChanged.emit();
  }

  private _onEdited(): void {
    this._checking.edited();
  }

  private readonly _checking: Checking;
  private _components = new Map<string, string>();
  private readonly _contents: Contents.IManager;
  private readonly _show: (panel: NotebookPanel) => void;
  private readonly _stateChanged = new Signal<this, void>(this);
}

export namespace Pipeline {
  export interface IOptions {
    panel: NotebookPanel;
    client: IMDKClient;
    contents: Contents.IManager;
    /** Bring a notebook to the front. */
    show: (panel: NotebookPanel) => void;
  }
}
