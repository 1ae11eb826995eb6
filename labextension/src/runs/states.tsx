import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { State } from './events';

/** Each state has a shape of its own, so that colour is not needed to tell them apart. In a box of 16 by 16. */
export const SHAPES: Record<State, string> = {
  waiting: 'M8 3.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9',
  running: 'M8 2.5a5.5 5.5 0 0 1 5.5 5.5',
  done: 'M3.5 8.5l3 3 6-7',
  failed: 'M4 4l8 8M12 4l-8 8',
  skipped: 'M4 8h8',
  cancelled: 'M4.5 4.5h7v7h-7z',
  interrupted: 'M9 2.5l-4 6h5.5l-3.5 5'
};

/** A state in words. */
export function stateName(state: State, trans: TranslationBundle): string {
  switch (state) {
    case 'waiting':
      return trans.__('waiting');
    case 'running':
      return trans.__('running');
    case 'done':
      return trans.__('done');
    case 'failed':
      return trans.__('failed');
    case 'skipped':
      return trans.__('skipped');
    case 'cancelled':
      return trans.__('cancelled');
    case 'interrupted':
      return trans.__('interrupted');
  }
}

/** The mark of a state; of what was never run where there is none. */
export function StateMark(props: {
  state: State | null;
  trans: TranslationBundle;
}): JSX.Element {
  const { state, trans } = props;
  const name = state ? stateName(state, trans) : trans.__('not run yet');
  return (
    <svg
      className="jp-mdk-State"
      data-state={state ?? 'none'}
      viewBox="0 0 16 16"
      role="img"
      aria-label={name}
    >
      <title>{name}</title>
      {state === 'running' && (
        <path className="jp-mdk-State-track" d={SHAPES.waiting} />
      )}
      <path
        className={state === 'running' ? 'jp-mdk-State-arc' : undefined}
        d={SHAPES[state ?? 'waiting']}
      />
    </svg>
  );
}

/** The mark of a result that was there already. */
export function CachedMark(props: { trans: TranslationBundle }): JSX.Element {
  const { trans } = props;
  return (
    <span
      className="jp-mdk-Badge"
      title={trans.__('The result was in the cache')}
    >
      {trans.__('cached')}
    </span>
  );
}
