import type { TranslationBundle } from '@jupyterlab/translation';

import type { Finding } from '../types';

function part(name: string, text: string): HTMLElement {
  const node = document.createElement('div');
  node.className = name;
  node.textContent = text;
  return node;
}

/** A finding with its fix and its code. */
export function rendered(finding: Finding): HTMLElement {
  const node = part(`jp-mdk-Finding jp-mod-${finding.severity}`, '');
  node.append(part('jp-mdk-Finding-message', finding.message));
  if (finding.fix) {
    node.append(part('jp-mdk-Finding-fix', finding.fix));
  }
  return node;
}

/** Where a finding is, to be read. */
export function placeOf(finding: Finding, trans: TranslationBundle): string {
  const { cell, line } = finding;
  if (cell === null) {
    return trans.__('notebook');
  }
  return line === null
    ? trans.__('cell %1', cell)
    : trans.__('cell %1, line %2', cell, line);
}

/** How many findings of which kind. */
export function countOf(
  findings: readonly Finding[],
  trans: TranslationBundle
): string {
  const count = (severity: Finding['severity']) =>
    findings.filter(finding => finding.severity === severity).length;
  const errors = count('error');
  const warnings = count('warning');
  const said = [
    ...(errors ? [trans._n('%1 error', '%1 errors', errors)] : []),
    ...(warnings ? [trans._n('%1 warning', '%1 warnings', warnings)] : [])
  ];
  return said.length > 0 ? said.join(', ') : trans.__('No problems');
}
