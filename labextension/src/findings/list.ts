import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import type { Finding } from '../types';
import { placeOf, rendered } from './rendering';

const ORDER = { error: 0, warning: 1, info: 2 };

/** Errors first, then in the order of the page. */
export function sorted(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (one, other) =>
      ORDER[one.severity] - ORDER[other.severity] ||
      (one.cell ?? 0) - (other.cell ?? 0) ||
      (one.line ?? 0) - (other.line ?? 0)
  );
}

/** A list of findings; the one that is chosen is gone to. */
export class FindingsList extends Widget {
  constructor(
    findings: readonly Finding[],
    choose: (finding: Finding) => void,
    trans: TranslationBundle
  ) {
    super({ node: document.createElement('ul') });
    this.addClass('jp-mdk-Findings');
    this.node.setAttribute('aria-label', trans.__('Findings'));
    for (const finding of sorted(findings)) {
      const item = document.createElement('li');
      const button = document.createElement('button');
      button.type = 'button';
      const place = document.createElement('span');
      place.className = 'jp-mdk-Finding-place';
      place.textContent = `${placeOf(finding, trans)} · ${finding.code}`;
      button.append(rendered(finding), place);
      button.addEventListener('click', () => choose(finding));
      item.append(button);
      this.node.append(item);
    }
    if (findings.length === 0) {
      const nothing = document.createElement('li');
      nothing.className = 'jp-mdk-Findings-nothing';
      nothing.textContent = trans.__('Nothing is wrong with this pipeline.');
      this.node.append(nothing);
    }
    this.node.addEventListener('keydown', event => this._onKey(event));
  }

  protected onActivateRequest(_: Message): void {
    this.node.querySelector('button')?.focus();
  }

  private _onKey(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const all = [...this.node.querySelectorAll('button')];
      const at = all.findIndex(button => button === document.activeElement);
      all[(at + step + all.length) % all.length]?.focus();
      event.preventDefault();
      event.stopPropagation();
    }
  }
}
