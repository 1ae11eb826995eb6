import { Button, closeIcon, HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from '../../runs/buttons';
import { Dot } from '../badges';
import { Traffic } from '../page/environments';
import { type ISurroundings, useSurroundings } from '../surroundings';
import { Facts } from '../tables';
import { type ChallengersDraft, whole } from './challengers';
import { Reason, showDraft, Standing } from './dialog';
import { EnvironmentChoice, GitNote } from './environment_choice';
import { Proposal } from './proposal';

/**
 * Ask which versions get how much of the traffic, and carry it out.
 *
 * @returns whether it was carried out.
 */
export function showChallengers(
  draft: ChallengersDraft,
  surroundings: ISurroundings
): Promise<boolean> {
  const { trans } = surroundings;
  const options = {
    title: trans.__('Challengers of %1', draft.model),
    accept: () =>
      draft.isProtected
        ? trans.__('Make the branch')
        : trans.__('Set challengers'),
    body: () => <ChallengersBody draft={draft} />
  };
  return showDraft(draft, options, surroundings);
}

function ChallengersBody({ draft }: { draft: ChallengersDraft }): JSX.Element {
  const { trans } = useSurroundings();
  return (
    <div className="jp-mdk-Draft" aria-busy={draft.isBusy}>
      <div className="jp-mdk-Choices">
        <EnvironmentChoice
          draft={draft}
          names={draft.environments.map(({ name }) => name)}
          label={trans.__('In')}
        />
        <GitNote draft={draft} />
      </div>
      <Standing draft={draft} />
      {!draft.isLoaded ? (
        <p className="jp-mdk-dim" role="status">
          {draft.isBusy ? trans.__('Loading…') : ''}
        </p>
      ) : draft.champion === null ? (
        <p>
          {trans.__(
            '%1 has no champion that could be challenged. Promote a version first.',
            draft.environment
          )}
        </p>
      ) : (
        <Split draft={draft} />
      )}
    </div>
  );
}

function Split({ draft }: { draft: ChallengersDraft }): JSX.Element {
  const { trans } = useSurroundings();
  const { deployment, operation, shares } = draft;
  const more = React.useRef<HTMLDivElement>(null);
  const focusMore = () => more.current?.querySelector('button')?.focus();
  return (
    <>
      <Champion draft={draft} />
      {shares.length > 0 && (
        <ul className="jp-mdk-Challengers" aria-label={trans.__('Challengers')}>
          {shares.map((_, index) => (
            <Challenger
              key={index}
              draft={draft}
              index={index}
              onRemove={focusMore}
            />
          ))}
        </ul>
      )}
      <div ref={more}>
        <Button
          small
          className="jp-mod-styled"
          disabled={draft.offered().length === 0}
          onClick={() => draft.add()}
        >
          {trans.__('Add a challenger')}
        </Button>
      </div>
      <Facts
        of={[
          [
            trans.__('now'),
            deployment!.placements.some(one => one.place === 'challenger') ? (
              <Traffic deployment={deployment!} />
            ) : (
              trans.__('no challengers')
            )
          ]
        ]}
      />
      {draft.isShown && <Proposal operation={operation!} />}
      {draft.isShown && !draft.isProtected && (
        <Blocked reasons={operation!.blocked} />
      )}
      <Reason draft={draft} />
    </>
  );
}

/** What the champion is left with. */
function Champion({ draft }: { draft: ChallengersDraft }): JSX.Element {
  const { trans } = useSurroundings();
  const { champion, environment, rest } = draft;
  const isTooMuch = rest !== null && rest < 0;
  return (
    <div className="jp-mdk-Change" role="status">
      <Dot environment={environment} />
      <span>{trans.__('champion')}</span>
      <strong>{champion}</strong>
      {rest === null ? (
        <span className="jp-mdk-warn">
          {trans.__('A share is a whole number from 0 to 100.')}
        </span>
      ) : isTooMuch ? (
        <span className="jp-mdk-warn">
          {trans.__(
            'The challengers have %1 % together; 100 % is all there is.',
            100 - rest
          )}
        </span>
      ) : (
        <span>{trans.__('%1 % of the traffic', rest)}</span>
      )}
    </div>
  );
}

function Challenger(props: {
  draft: ChallengersDraft;
  index: number;
  onRemove: () => void;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { draft, index, onRemove } = props;
  const { version, percent } = draft.shares[index];
  const isWrong = whole(percent) === null;
  return (
    <li>
      <HTMLSelect
        value={version}
        aria-label={trans.__('Challenger %1', index + 1)}
        onChange={event => draft.set(index, { version: event.target.value })}
      >
        {draft.offered(index).map(one => (
          <option key={one.version} value={one.version}>
            {one.version}
          </option>
        ))}
      </HTMLSelect>
      <input
        type="number"
        className={`jp-mod-styled ${isWrong ? 'jp-mod-error' : ''}`}
        min={0}
        max={100}
        step={1}
        required
        value={percent}
        aria-invalid={isWrong}
        aria-label={trans.__('Percent of the traffic for %1', version)}
        onChange={event => draft.set(index, { percent: event.target.value })}
      />
      <span aria-hidden>%</span>
      <IconButton
        icon={closeIcon}
        label={trans.__('Remove %1', version)}
        onClick={() => {
          draft.remove(index);
          onRemove();
        }}
      />
    </li>
  );
}

function Blocked(props: { reasons: readonly string[] }): JSX.Element | null {
  return props.reasons.length === 0 ? null : (
    <div className="jp-mdk-Trouble" role="alert">
      {props.reasons.join('; ')}
    </div>
  );
}
