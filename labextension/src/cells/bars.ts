import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { PanelLayout } from '@lumino/widgets';

import { colour } from '../colours';
import type { IPipeline } from '../tokens';
import type { Finding } from '../types';
import { codeCells } from './applying';
import { CellBar, type IBarState } from './bar';
import { Roles } from './edits';
import { isKale, type IRole } from './roles';
import { inShort } from './words';

/** How long to wait from one look at all cells to the next (ms). */
const PAUSE = 150;

/** The bars of one notebook. A cell without a role and without findings has none. */
export class CellBars implements IDisposable {
  constructor(options: CellBars.IOptions) {
    this._options = options;
    const { content } = options.panel;
    options.pipeline.stateChanged.connect(this._later, this);
    content.modelContentChanged.connect(this._later, this);
    content.modelChanged.connect(this._later, this);
    content.activeCellChanged.connect(this._onActive, this);
    options.panel.disposed.connect(this.dispose, this);
    this._later();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The chip of a cell. */
  chipOf(cell: Cell): HTMLElement | null {
    const chip = this._bars.get(cell)?.chip;
    return chip && !chip.hidden ? chip : null;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    this._bars.forEach(bar => bar.dispose());
    this._bars.clear();
    Signal.clearData(this);
  }

  /** Look at once, and then no more than now and then while much changes. */
  private _later(): void {
    if (this._timer === 0) {
      const wait = Math.max(0, this._last + PAUSE - performance.now());
      this._timer = window.setTimeout(() => this._refresh(), wait);
    }
  }

  private _refresh(): void {
    this._timer = 0;
    this._last = performance.now();
    const { panel, pipeline } = this._options;
    const { model, widgets } = panel.content;
    if (this._isDisposed || !model) {
      return;
    }
    const cells = codeCells(model);
    const roles = new Roles(cells);
    // Kale's tags are read by the compiler alone; of others its last answer may be older than what is on the screen.
    const kale = isKale(cells);
    const read = (id: string) =>
      kale ? (pipeline.componentOf(id) ?? null) : null;
    const findings = new Map<string, Finding[]>();
    for (const finding of pipeline.findings) {
      if (finding.cell_id && finding.severity !== 'info') {
        const known = findings.get(finding.cell_id) ?? [];
        findings.set(finding.cell_id, [...known, finding]);
      }
    }
    const fresh = roles.components.filter(name => !pipeline.component(name));
    const colours = (name: string) =>
      colour(pipeline.colourOf(name) + Math.max(0, fresh.indexOf(name)));
    for (const cell of widgets) {
      const { id, type } = cell.model;
      const own = type === 'code' ? roles.of(id) : null;
      const state =
        own && this._state(id, own, findings.get(id) ?? [], colours, read);
      this._show(cell, state);
    }
  }

  private _state(
    id: string,
    own: IRole,
    findings: readonly Finding[],
    colours: (name: string) => string,
    read: (id: string) => string | null
  ): IBarState | null {
    const { trans } = this._options;
    const names: Record<IRole['kind'], string | null> = {
      component: own.component ?? trans.__('no name'),
      parameters: trans.__('parameters'),
      skip: trans.__('skipped'),
      exploration: read(id)
    };
    const name = names[own.kind];
    const component =
      own.component ?? (own.kind === 'exploration' ? name : null);
    if (name === null && findings.length === 0) {
      return null;
    }
    const count = (severity: string) =>
      findings.filter(finding => finding.severity === severity).length;
    return {
      name,
      colour: component === null ? null : colours(component),
      title: trans.__('Pipeline component: choose another one'),
      options: inShort(own.options, trans).join(' · '),
      errors: count('error'),
      warnings: count('warning'),
      findings: findings.map(finding => finding.message).join('\n')
    };
  }

  private _show(cell: Cell, state: IBarState | null): void {
    const bar = this._bars.get(cell);
    if (state === null) {
      bar?.dispose();
    } else {
      (bar ?? this._add(cell)).display(state);
    }
  }

  private _add(cell: Cell): CellBar {
    const { panel, choose, edit, findings } = this._options;
    const activate = () => {
      const notebook = panel.content;
      if (!notebook.isSelectedOrActive(cell)) {
        notebook.deselectAll();
        notebook.activeCellIndex = notebook.widgets.indexOf(cell);
      }
    };
    const bar = new CellBar(cell.node, {
      choose: anchor => {
        activate();
        choose(anchor);
      },
      edit: () => {
        activate();
        edit();
      },
      findings: () => {
        activate();
        findings(cell.model.id);
      }
    });
    bar.reachable = panel.content.activeCell === cell;
    (cell.layout as PanelLayout).insertWidget(0, bar);
    this._bars.set(cell, bar);
    bar.disposed.connect(() => this._bars.delete(cell));
    return bar;
  }

  private _onActive(_: unknown, active: Cell | null): void {
    for (const [cell, bar] of this._bars) {
      bar.reachable = cell === active;
    }
  }

  private readonly _bars = new Map<Cell, CellBar>();
  private _isDisposed = false;
  private _last = -PAUSE;
  private readonly _options: CellBars.IOptions;
  private _timer = 0;
}

export namespace CellBars {
  export interface IOptions {
    panel: NotebookPanel;
    pipeline: IPipeline;
    trans: TranslationBundle;
    choose: (anchor: HTMLElement) => void;
    edit: () => void;
    findings: (cell: string) => void;
  }
}
