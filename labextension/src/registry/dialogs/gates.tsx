import * as React from 'react';

import type { GateResult } from '../../types';
import type { PromotionDraft } from './promotion';
import { useSurroundings } from '../surroundings';

/** What every gate says, and how those that fail may be passed all the same. */
export function Gates({
  draft
}: {
  draft: PromotionDraft;
}): JSX.Element | null {
  const { trans } = useSurroundings();
  const { gates, blocking } = draft;
  if (gates.length === 0) {
    return (
      <p className="jp-mdk-dim">
        {trans.__('No gate is in the way to %1.', draft.environment)}
      </p>
    );
  }
  return (
    <>
      <ul className="jp-mdk-Gates" aria-label={trans.__('Gates')}>
        {gates.map(gate => (
          <GateLine key={gate.gate} gate={gate} draft={draft} />
        ))}
      </ul>
      {(blocking.length > 0 || draft.breakGlass !== null) &&
        draft.mayBreakGlass && <BreakGlass draft={draft} />}
    </>
  );
}

function GateLine(props: {
  gate: GateResult;
  draft: PromotionDraft;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { gate, draft } = props;
  const reason = draft.waiver(gate.gate);
  const mayWaive = !gate.passed && gate.waivable && !draft.isProtected;
  return (
    <li data-passed={gate.passed}>
      <span className="jp-mdk-GateMark" aria-hidden>
        {gate.passed ? '✓' : '✗'}
      </span>
      <span className="jp-mdk-name">{gate.gate}</span>
      <span className="jp-mdk-GateDetail">
        <span className="jp-mdk-sr">
          {gate.passed ? trans.__('passed:') : trans.__('failed:')}{' '}
        </span>
        {gate.detail}
      </span>
      {mayWaive && (
        <label className="jp-mdk-Check">
          <input
            type="checkbox"
            checked={reason !== undefined}
            onChange={event =>
              draft.waive(gate.gate, event.target.checked ? '' : undefined)
            }
          />
          {trans.__('Set aside')}
        </label>
      )}
      {reason !== undefined && (
        <input
          type="text"
          className="jp-mod-styled"
          required
          autoFocus
          aria-label={trans.__('Why %1 is set aside', gate.gate)}
          placeholder={trans.__('Why it is set aside')}
          value={reason}
          onChange={event => draft.waive(gate.gate, event.target.value)}
        />
      )}
    </li>
  );
}

function BreakGlass({ draft }: { draft: PromotionDraft }): JSX.Element {
  const { trans } = useSurroundings();
  const reason = draft.breakGlass;
  return (
    <div className="jp-mdk-BreakGlass" data-broken={reason !== null}>
      <label className="jp-mdk-Check">
        <input
          type="checkbox"
          checked={reason !== null}
          onChange={event => {
            draft.breakGlass = event.target.checked ? '' : null;
          }}
        />
        {trans.__('Break the glass: pass by all gates')}
      </label>
      {reason !== null && (
        <>
          <p role="alert">
            {trans.__(
              'For emergencies. The version serves although the rules say that it must not; the history says for ever that you did it, and everybody who listens is told.'
            )}
          </p>
          <input
            type="text"
            className="jp-mod-styled"
            required
            autoFocus
            aria-label={trans.__('What the emergency is')}
            placeholder={trans.__('What the emergency is')}
            value={reason}
            onChange={event => {
              draft.breakGlass = event.target.value;
            }}
          />
        </>
      )}
    </div>
  );
}
