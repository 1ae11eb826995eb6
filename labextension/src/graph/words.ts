import type { TranslationBundle } from '@jupyterlab/translation';

import { duration, elapsed } from '../runs/figures';
import { stateName } from '../runs/states';
import type { IGraphNode } from './graph';

/** What is said of a component below its name. */
export function remark(
  node: IGraphNode,
  now: number,
  trans: TranslationBundle
): string {
  const { state, progress, cached } = node;
  if (state === null) {
    return trans.__('not run yet');
  }
  const time = duration(
    elapsed({ started: node.started, seconds: node.seconds, state }, now)
  );
  const parts = [
    cached ? trans.__('cached') : stateName(state, trans),
    progress && progressText(progress, trans),
    time
  ];
  return parts.filter(Boolean).join(' · ');
}

function progressText(
  { kind, at, of }: NonNullable<IGraphNode['progress']>,
  trans: TranslationBundle
): string {
  return kind === 'cell'
    ? trans.__('cell %1 of %2', at, of)
    : trans.__('%1 of %2', at, of);
}

export function whenText(node: IGraphNode, trans: TranslationBundle): string {
  return trans.__('if %1', node.when);
}

export function foreachText(
  node: IGraphNode,
  trans: TranslationBundle
): string {
  return trans.__('for each %1', node.foreach);
}
