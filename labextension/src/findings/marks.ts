import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import type { Cell } from '@jupyterlab/cells';
import type { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { EditorView } from '@codemirror/view';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { IPipeline } from '../tokens';
import type { Finding } from '../types';
import { rendered } from './rendering';
import { spanOf } from './places';

/** The marks in the editors of one notebook. */
export class Marks implements IDisposable {
  constructor(pipeline: IPipeline) {
    this._pipeline = pipeline;
    const { panel } = pipeline;
    pipeline.stateChanged.connect(this._onChecked, this);
    // An editor is made when its cell is first seen.
    panel.content.cellInViewportChanged.connect(this._onSeen, this);
    panel.disposed.connect(this.dispose, this);
    this._onChecked();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    const { panel } = this._pipeline;
    if (!panel.isDisposed) {
      panel.content.widgets.forEach(cell => this._mark(cell, []));
    }
    Signal.clearData(this);
  }

  private _onChecked(): void {
    const { checked, isPending, panel } = this._pipeline;
    if (isPending || checked === this._shown) {
      return; // what is typed moves the marks; they are judged anew with the next answer
    }
    this._shown = checked;
    panel.content.widgets.forEach(cell => this._markFound(cell));
  }

  private _onSeen(_: unknown, cell: Cell): void {
    this._markFound(cell);
  }

  private _markFound(cell: Cell): void {
    const { findings } = this._pipeline;
    const { id } = cell.model;
    this._mark(
      cell,
      findings.filter(
        ({ cell_id, severity }) => cell_id === id && severity !== 'info'
      )
    );
  }

  private _mark(cell: Cell, findings: readonly Finding[]): void {
    const view = (cell.editor as CodeMirrorEditor | null)?.editor;
    if (!view || (findings.length === 0 && !this._marked.has(view))) {
      return;
    }
    const source = view.state.doc.toString();
    const diagnostics = findings.flatMap(finding => {
      const span = spanOf(finding, source);
      return span ? [diagnostic(finding, span)] : [];
    });
    const key = JSON.stringify(
      diagnostics.map(({ from, to, severity, message }) => [
        ...[from, to, severity, message]
      ])
    );
    if (this._marked.get(view) !== key) {
      this._marked.set(view, key);
      view.dispatch(setDiagnostics(view.state, diagnostics));
    }
  }

  private _isDisposed = false;
  private readonly _marked = new WeakMap<EditorView, string>();
  private readonly _pipeline: IPipeline;
  private _shown: unknown = null;
}

function diagnostic(
  finding: Finding,
  span: { from: number; to: number }
): Diagnostic {
  return {
    ...span,
    severity: finding.severity,
    markClass: `jp-mdk-Mark jp-mod-${finding.severity}`,
    message: finding.message,
    renderMessage: () => rendered(finding)
  };
}
