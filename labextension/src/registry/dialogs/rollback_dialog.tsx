import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Dot } from '../badges';
import { MetricTable } from '../page/comparison';
import { Reason, showDraft, Standing } from './dialog';
import { EnvironmentChoice, GitNote } from './environment_choice';
import { Moment } from '../moments';
import { Proposal } from './proposal';
import type { RollbackDraft } from './rollback';
import { type ISurroundings, useSurroundings } from '../surroundings';
import { Block, Facts } from '../tables';

/**
 * Show what a rollback would change, and carry it out when one agrees.
 *
 * @returns whether it was carried out.
 */
export function showRollback(
  draft: RollbackDraft,
  surroundings: ISurroundings
): Promise<boolean> {
  const { trans } = surroundings;
  const options = {
    title: trans.__('Roll %1 back', draft.model),
    accept: () =>
      draft.isProtected ? trans.__('Make the branch') : trans.__('Roll back'),
    isWarning: true,
    body: () => <RollbackBody draft={draft} />
  };
  return showDraft(draft, options, surroundings);
}

function RollbackBody({ draft }: { draft: RollbackDraft }): JSX.Element {
  const { trans } = useSurroundings();
  return (
    <div className="jp-mdk-Draft" aria-busy={draft.isBusy}>
      <div className="jp-mdk-Choices">
        <EnvironmentChoice
          draft={draft}
          names={draft.environments.map(({ name }) => name)}
          label={trans.__('In')}
        />
        {draft.to !== null && (
          <label className="jp-mdk-Choice">
            {trans.__('back to')}
            <HTMLSelect
              value={draft.to}
              aria-label={trans.__('Version to go back to')}
              onChange={event => {
                draft.to = event.target.value;
              }}
            >
              {draft.past.map(({ version }) => (
                <option key={version} value={version}>
                  {version}
                </option>
              ))}
            </HTMLSelect>
          </label>
        )}
        <GitNote draft={draft} />
      </div>
      <Standing draft={draft} />
      {draft.champion ? (
        <Way draft={draft} />
      ) : (
        <p className="jp-mdk-dim" role="status">
          {draft.isBusy ? trans.__('Loading…') : ''}
        </p>
      )}
    </div>
  );
}

function Way({ draft }: { draft: RollbackDraft }): JSX.Element {
  const { trans } = useSurroundings();
  const { champion, target, comparison, operation, environment } = draft;
  const now = champion!.version;
  const last = draft.past.find(one => one.version === target?.version);
  if (!target) {
    return (
      <p>
        {trans.__(
          'There is no other version to go back to: none was champion of %1 before %2 that may still be used.',
          environment,
          now.version
        )}
      </p>
    );
  }
  return (
    <>
      <div className="jp-mdk-Change">
        <Dot environment={environment} />
        <span>{environment}</span>
        <span>{now.version}</span>
        <span aria-label={trans.__('becomes')}>→</span>
        <strong>{target.version}</strong>
        {target.status !== 'active' && (
          <span className="jp-mdk-warn">
            {trans.__('It is %1.', target.status)}
          </span>
        )}
      </div>
      <Facts
        of={[
          [
            trans.__('champion since'),
            <>
              <Moment at={champion!.since} />
              {`, ${champion!.actor}`}
              {champion!.reason && `: ${champion!.reason}`}
            </>
          ],
          [
            trans.__('%1 became champion', target.version),
            last && (
              <>
                <Moment at={last.since} />
                {`, ${last.actor}`}
              </>
            )
          ],
          [
            trans.__('trained by'),
            target.provenance.trained_by ?? target.registered_by
          ]
        ]}
      />
      {comparison && comparison.metrics.length > 0 && (
        <Block title={trans.__('Metrics')}>
          <MetricTable
            metrics={comparison.metrics}
            before={now.version}
            after={target.version}
          />
        </Block>
      )}
      {operation && <Proposal operation={operation} />}
      <label className="jp-mdk-Check">
        <input
          type="checkbox"
          checked={draft.quarantine}
          onChange={event => {
            draft.quarantine = event.target.checked;
          }}
        />
        {trans.__(
          'Put %1 into quarantine: nobody promotes it until it is released',
          now.version
        )}
      </label>
      <Reason draft={draft} />
    </>
  );
}
