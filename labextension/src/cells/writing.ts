import type { Cell } from '@jupyterlab/cells';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal, type ISignal } from '@lumino/signaling';

import { apply, codeCells } from './applying';
import { Roles, type ICodeCell } from './edits';
import type { Style } from './roles';

/** Reads and writes what the cells of the notebook in front are for. */
export class Writing {
  constructor(readonly tracker: INotebookTracker) {}

  /** In which style to write; null: as each notebook does. */
  get style(): Style | null {
    return this._style;
  }
  set style(style: Style | null) {
    this._style = style;
    this._changed.emit();
  }

  /** Emitted when something else is written than before. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when a notebook got a cell that makes it obey `%%component`. */
  get loadAdded(): ISignal<this, void> {
    return this._loadAdded;
  }

  get panel(): NotebookPanel | null {
    return this.tracker.currentWidget;
  }

  /** Whether there is a notebook in front that can be written. */
  get isReady(): boolean {
    const model = this.panel?.content.model;
    return Boolean(model && !model.readOnly);
  }

  /** The cells of the notebook in front. */
  get roles(): Roles {
    const model = this.panel?.content.model;
    return new Roles(model ? codeCells(model) : [], this._style);
  }

  /** The code cells that are selected, or those with these ids. */
  chosen(ids?: readonly string[]): string[] {
    const notebook = this.panel?.content;
    const cells = notebook
      ? ids
        ? notebook.widgets.filter(cell => ids.includes(cell.model.id))
        : notebook.selectedCells
      : [];
    return cells
      .filter(cell => cell.model.type === 'code')
      .map(cell => cell.model.id);
  }

  get activeCell(): Cell | null {
    return this.panel?.content.activeCell ?? null;
  }

  write(cells: readonly ICodeCell[]): void {
    const model = this.panel?.content.model;
    if (model && apply(model, cells)) {
      this._loadAdded.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _loadAdded = new Signal<this, void>(this);
  private _style: Style | null = null;
}
