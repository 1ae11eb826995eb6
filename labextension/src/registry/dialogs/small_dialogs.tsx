import * as React from 'react';

import type { ApprovalDraft } from './approval';
import { MetricTable } from '../page/comparison';
import { Reason, showDraft, Standing } from './dialog';
import { EnvironmentChoice } from './environment_choice';
import type { AnnotationDraft, StatusDraft } from './remarks';
import { type ISurroundings, useSurroundings } from '../surroundings';
import { Block, Facts } from '../tables';

/** Put a version away, or let it out, for a reason. */
export function showStatus(
  draft: StatusDraft,
  surroundings: ISurroundings
): Promise<boolean> {
  const { trans } = surroundings;
  const { model, version, verb } = draft;
  const words = {
    quarantine: {
      title: trans.__('Quarantine %1 %2', model, version),
      accept: () => trans.__('Quarantine'),
      effect: trans.__(
        'Nobody promotes it, and no rollback goes back to it, until it is released. Where it is the champion, it stays that.'
      )
    },
    unquarantine: {
      title: trans.__('Release %1 %2', model, version),
      accept: () => trans.__('Release'),
      effect: trans.__('It may be promoted again.')
    },
    archive: {
      title: trans.__('Archive %1 %2', model, version),
      accept: () => trans.__('Archive'),
      effect: trans.__(
        'It is put away for ever: it stays known, but is never used again. This cannot be taken back.'
      )
    }
  }[verb];
  const body = () => (
    <div className="jp-mdk-Draft">
      <p>{words.effect}</p>
      <Standing draft={draft} />
      <Reason draft={draft} />
    </div>
  );
  const isWarning = verb !== 'unquarantine';
  return showDraft(draft, { ...words, isWarning, body }, surroundings);
}

/** Note something on a version, and change its labels. */
export function showAnnotation(
  draft: AnnotationDraft,
  surroundings: ISurroundings
): Promise<boolean> {
  const { trans } = surroundings;
  const options = {
    title: trans.__('Annotate %1 %2', draft.model, draft.version),
    accept: () => trans.__('Annotate'),
    body: () => <AnnotationBody draft={draft} />
  };
  return showDraft(draft, options, surroundings);
}

function AnnotationBody({ draft }: { draft: AnnotationDraft }): JSX.Element {
  const { trans } = useSurroundings();
  return (
    <div className="jp-mdk-Draft">
      <Standing draft={draft} />
      <label className="jp-mdk-DraftField">
        {trans.__('Note')}
        <textarea
          className="jp-mod-styled"
          rows={3}
          placeholder={trans.__(
            'What others ought to know; it is kept in the history.'
          )}
          value={draft.reason}
          onChange={event => {
            draft.reason = event.target.value;
          }}
        />
      </label>
      <label className="jp-mdk-DraftField">
        {trans.__('Labels')}
        <textarea
          className="jp-mod-styled"
          rows={3}
          placeholder={trans.__('key=value, one on each line')}
          value={draft.labels ?? ''}
          onChange={event => {
            draft.labels = event.target.value;
          }}
        />
      </label>
    </div>
  );
}

/** Agree that a version may be published. */
export function showApproval(
  draft: ApprovalDraft,
  surroundings: ISurroundings
): Promise<boolean> {
  const { trans } = surroundings;
  const options = {
    title: trans.__('Approve %1 %2', draft.model, draft.version),
    accept: () => trans.__('Approve'),
    body: () => <ApprovalBody draft={draft} />
  };
  return showDraft(draft, options, surroundings);
}

function ApprovalBody({ draft }: { draft: ApprovalDraft }): JSX.Element {
  const { trans } = useSurroundings();
  const { plan } = draft;
  return (
    <div className="jp-mdk-Draft" aria-busy={draft.isBusy}>
      <EnvironmentChoice
        draft={draft}
        names={draft.environments}
        label={trans.__('For')}
      />
      <Standing draft={draft} />
      {plan && (
        <>
          <Facts
            of={[
              [trans.__('champion'), plan.champion ?? trans.__('none')],
              [
                trans.__('approved by'),
                plan.approvals.map(one => one.actor).join(', ') ||
                  trans.__('nobody yet')
              ]
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
        </>
      )}
      <Reason
        draft={draft}
        label={trans.__('Comment')}
        placeholder={trans.__('What did you look at?')}
      />
    </div>
  );
}
