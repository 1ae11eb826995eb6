import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { IPipeline, IPipelines } from '../tokens';
import { countOf } from './rendering';

/** The count of findings of the notebook in front, in the status bar. */
export class FindingsStatus extends Widget {
  constructor(
    pipelines: IPipelines,
    trans: TranslationBundle,
    show: () => void
  ) {
    super({ node: document.createElement('button') });
    this.addClass('jp-mdk-FindingsStatus');
    this._trans = trans;
    this.node.setAttribute('type', 'button');
    this.node.addEventListener('click', show);
    pipelines.currentChanged.connect(this._onCurrent, this);
    this._onCurrent(pipelines, pipelines.current);
  }

  /** Emitted when it is to be shown, or not any more. */
  readonly shownChanged = new Signal<this, void>(this);

  /** Whether the notebook in front is a pipeline, or on the way to become one. */
  get isShown(): boolean {
    return this._pipeline?.isMeant ?? false;
  }

  private _onCurrent(_: IPipelines, pipeline: IPipeline | null): void {
    this._pipeline?.stateChanged.disconnect(this._refresh, this);
    this._pipeline = pipeline;
    pipeline?.stateChanged.connect(this._refresh, this);
    this._refresh();
  }

  private _refresh(): void {
    const { error, findings = [] } = this._pipeline ?? {};
    const has = (severity: string) =>
      findings.some(finding => finding.severity === severity);
    this.toggleClass('jp-mod-error', !error && has('error'));
    this.toggleClass('jp-mod-warning', Boolean(error) || has('warning'));
    const text = error
      ? this._trans.__('Not checked')
      : countOf(findings, this._trans);
    if (this.node.textContent !== text) {
      this.node.textContent = text;
    }
    this.node.title =
      error ?? this._trans.__('Findings in the pipeline of this notebook');
    this.shownChanged.emit();
  }

  private _pipeline: IPipeline | null = null;
  private readonly _trans: TranslationBundle;
}
