import * as React from 'react';

import { Dot } from '../badges';
import { MetricTable } from '../page/comparison';
import { Reason, showDraft, Standing } from './dialog';
import { Traffic } from '../page/environments';
import { EnvironmentChoice, GitNote } from './environment_choice';
import { Gates } from './gates';
import { Moment } from '../moments';
import type { PromotionDraft } from './promotion';
import { Proposal } from './proposal';
import { type ISurroundings, useSurroundings } from '../surroundings';
import { Block, Digest, Facts } from '../tables';

/**
 * Show what a promotion would change, and carry it out when one agrees.
 *
 * @returns whether it was carried out.
 */
export function showPromotion(
  draft: PromotionDraft,
  surroundings: ISurroundings
): Promise<boolean> {
  const { trans } = surroundings;
  const options = {
    title: trans.__('Promote %1 %2', draft.model, draft.number),
    accept: () =>
      draft.isProtected ? trans.__('Make the branch') : trans.__('Promote'),
    body: () => <PromotionBody draft={draft} />
  };
  return showDraft(draft, options, surroundings);
}

function PromotionBody({ draft }: { draft: PromotionDraft }): JSX.Element {
  const { trans } = useSurroundings();
  const { plan, version } = draft;
  return (
    <div className="jp-mdk-Draft" aria-busy={draft.isBusy}>
      <div className="jp-mdk-Choices">
        <EnvironmentChoice
          draft={draft}
          names={draft.environments.map(({ name }) => name)}
          label={trans.__('To')}
        />
        <GitNote draft={draft} />
      </div>
      <Standing draft={draft} />
      {!plan || !version ? (
        <p className="jp-mdk-dim" role="status">
          {draft.isBusy ? trans.__('Loading…') : ''}
        </p>
      ) : (
        <>
          <Change draft={draft} />
          <Facts
            of={[
              [
                trans.__('trained by'),
                <>
                  {version.provenance.trained_by ?? version.registered_by},{' '}
                  <Moment at={version.created} />
                </>
              ],
              [
                trans.__('from'),
                version.provenance.git?.commit && (
                  <>
                    <Digest of={version.provenance.git.commit} />{' '}
                    {version.provenance.git.branch}
                    {version.provenance.git.dirty && (
                      <>
                        {' '}
                        <span className="jp-mdk-warn">
                          {trans.__('with changes that no commit has')}
                        </span>
                      </>
                    )}
                  </>
                )
              ],
              [
                trans.__('traffic'),
                draft.deployment?.placements.some(
                  one => one.place === 'challenger'
                ) ? (
                  <Traffic deployment={draft.deployment} />
                ) : null
              ],
              [trans.__('approved by'), approvals(draft, trans)]
            ]}
          />
          {plan.metrics.length > 0 && (
            <Block title={trans.__('Metrics')}>
              <MetricTable
                metrics={plan.metrics}
                before={plan.champion ?? trans.__('none')}
                after={plan.candidate}
              />
            </Block>
          )}
          <Block title={trans.__('Gates')}>
            <Gates draft={draft} />
          </Block>
          {draft.operation && <Proposal operation={draft.operation} />}
          {!draft.isProtected && <Extent draft={draft} />}
          <Reason draft={draft} />
        </>
      )}
    </div>
  );
}

/** Who agreed, and how many are missing. */
function approvals(
  draft: PromotionDraft,
  trans: ISurroundings['trans']
): string | null {
  const { plan, policy } = draft;
  if (!plan || !policy?.approvals) {
    return null;
  }
  const names = plan.approvals.map(one => one.actor).join(', ');
  const missing = plan.approvals_needed;
  const wanted = missing
    ? trans._n('%1 more is needed', '%1 more are needed', missing)
    : '';
  return [names || trans.__('nobody'), wanted].filter(Boolean).join('; ');
}

/** The one line that says what happens. */
function Change({ draft }: { draft: PromotionDraft }): JSX.Element {
  const { trans } = useSurroundings();
  const { plan, version, environment } = draft;
  const isNoUse = version!.status !== 'active';
  return (
    <div className="jp-mdk-Change">
      <Dot environment={environment} />
      <span>{environment}</span>
      <span>{plan!.champion ?? trans.__('no champion')}</span>
      {!draft.onlyStage && (
        <>
          <span aria-label={trans.__('becomes')}>→</span>
          <strong>{plan!.candidate}</strong>
        </>
      )}
      {draft.onlyStage && (
        <span className="jp-mdk-dim">
          {trans.__('stays; %1 is staged', plan!.candidate)}
        </span>
      )}
      {draft.isChampion && (
        <span className="jp-mdk-dim">
          {trans.__('It is the champion already.')}
        </span>
      )}
      {isNoUse && (
        <span className="jp-mdk-warn">
          {trans.__('It is %1.', version!.status)}
        </span>
      )}
    </div>
  );
}

/** Whether the version becomes champion, or only moves on. */
function Extent({ draft }: { draft: PromotionDraft }): JSX.Element {
  const { trans } = useSurroundings();
  const choice = (onlyStage: boolean, label: string) => (
    <label className="jp-mdk-Check">
      <input
        type="radio"
        name="jp-mdk-extent"
        checked={draft.onlyStage === onlyStage}
        onChange={() => {
          draft.onlyStage = onlyStage;
        }}
      />
      {label}
    </label>
  );
  return (
    <div
      className="jp-mdk-Extent"
      role="radiogroup"
      aria-label={trans.__('How far')}
    >
      {choice(false, trans.__('Make it the champion of %1', draft.environment))}
      {choice(true, trans.__('Only stage it there; the champion stays'))}
    </div>
  );
}
