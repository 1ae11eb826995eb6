import { Button, HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { AuditRecord } from '../../types';
import { Answered, useAnswer } from '../answers';
import { Dot } from '../badges';
import { Moment } from '../moments';
import type { ModelRecord } from '../record';
import { useSurroundings } from '../surroundings';

const PAGE = 50; // records asked for at once

/** What happened to a model, and who did it. */
export function HistoryView({ record }: { record: ModelRecord }): JSX.Element {
  const { trans } = useSurroundings();
  const [environment, setEnvironment] = React.useState('');
  const [limit, setLimit] = React.useState(PAGE);
  const answer = useAnswer(
    () => record.api.history(record.name, environment || undefined, { limit }),
    [record, environment, limit, record.stamp]
  );
  return (
    <div className="jp-mdk-Sheet">
      <label className="jp-mdk-Choice">
        {trans.__('Environment')}
        <HTMLSelect
          value={environment}
          aria-label={trans.__('Environment')}
          onChange={event => setEnvironment(event.target.value)}
        >
          <option value="">{trans.__('all')}</option>
          {record.environments.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </HTMLSelect>
      </label>
      <Answered answer={answer}>
        {page => (
          <>
            <Records records={page.items} />
            {page.next !== null && (
              <Button
                small
                className="jp-mod-styled"
                onClick={() => setLimit(limit + 3 * PAGE)}
              >
                {trans.__('Older')}
              </Button>
            )}
          </>
        )}
      </Answered>
    </div>
  );
}

function Records(props: { records: readonly AuditRecord[] }): JSX.Element {
  const { trans } = useSurroundings();
  const actions: Record<string, string> = {
    register: trans.__('registered'),
    promote: trans.__('promoted'),
    publish: trans.__('made champion'),
    rollback: trans.__('rolled back to'),
    set_challengers: trans.__('set challengers'),
    report: trans.__('reported'),
    approve: trans.__('approved'),
    annotate: trans.__('annotated'),
    quarantine: trans.__('quarantined'),
    unquarantine: trans.__('released'),
    archive: trans.__('archived')
  };
  if (props.records.length === 0) {
    return <p className="jp-mdk-dim">{trans.__('Nothing happened there.')}</p>;
  }
  return (
    <table className="jp-mdk-Table jp-mod-texts">
      <thead>
        <tr>
          <th scope="col">{trans.__('when')}</th>
          <th scope="col">{trans.__('who')}</th>
          <th scope="col">{trans.__('what')}</th>
          <th scope="col">{trans.__('version')}</th>
          <th scope="col">{trans.__('environment')}</th>
          <th scope="col">{trans.__('why')}</th>
        </tr>
      </thead>
      <tbody>
        {props.records.map(record => (
          <tr key={record.seq}>
            <td>
              <Moment at={record.at} />
            </td>
            <td title={record.method}>{record.actor}</td>
            <td>{actions[record.action] ?? record.action}</td>
            <td>{record.version}</td>
            <td>
              {record.environment && (
                <span className="jp-mdk-Badges">
                  <Dot environment={record.environment} />
                  {record.environment}
                </span>
              )}
            </td>
            <td>
              <Why record={record} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Reasons, notes and comments; a broken glass is not to be overlooked. */
function Why({ record }: { record: AuditRecord }): JSX.Element {
  const { trans } = useSurroundings();
  const { data } = record;
  const broken = data.gates_broken;
  const told = [data.reason, data.note, data.comment].filter(
    text => typeof text === 'string' && text
  ) as string[];
  return (
    <>
      {Array.isArray(broken) && (
        <div className="jp-mdk-warn">
          {trans.__(
            'Passed by the gates %1: %2',
            broken.join(', '),
            String(data.break_glass)
          )}
        </div>
      )}
      {told.join('; ')}
    </>
  );
}
