import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Gate, Policy } from '../../types';
import { Answered, useAnswer } from '../answers';
import type { ModelRecord } from '../record';
import { useSurroundings } from '../surroundings';
import { Block } from '../tables';

/** What it takes to become the champion of an environment. */
export function RulesView({ record }: { record: ModelRecord }): JSX.Element {
  const { trans } = useSurroundings();
  const { environments, info } = record;
  const [environment, choose] = React.useState(environments.at(-1)!);
  const project = info?.project ?? 'default';
  const answer = useAnswer(
    () => record.api.policy(environment, project),
    [record, environment, project, record.stamp]
  );
  return (
    <div className="jp-mdk-Sheet">
      <label className="jp-mdk-Choice">
        {trans.__('Environment')}
        <HTMLSelect
          value={environment}
          aria-label={trans.__('Environment')}
          onChange={event => choose(event.target.value)}
        >
          {environments.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </HTMLSelect>
      </label>
      <Answered answer={answer}>{policy => <Rules policy={policy} />}</Answered>
    </div>
  );
}

function Rules({ policy }: { policy: Policy }): JSX.Element {
  const { trans } = useSurroundings();
  const rules = [
    policy.after &&
      trans.__('The version has been champion in %1 before.', policy.after),
    policy.promoted &&
      trans.__('It was promoted to %1 before.', policy.environment),
    policy.approvals > 0 &&
      trans._n('%1 other agrees.', '%1 others agree.', policy.approvals),
    policy.approvals > 0 &&
      policy.separation &&
      trans.__('Who trained it, or asked for it, does not count among them.'),
    policy.changed_by.length > 0 &&
      trans.__('Nobody but %1 changes it.', policy.changed_by.join(', '))
  ].filter(Boolean) as string[];
  return (
    <>
      <Block title={trans.__('To become champion of %1', policy.environment)}>
        {rules.length + policy.gates.length === 0 ? (
          <p>{trans.__('Nothing more is asked of a version.')}</p>
        ) : (
          <ul className="jp-mdk-Rules">
            {rules.map(rule => (
              <li key={rule}>{rule}</li>
            ))}
          </ul>
        )}
        <p className="jp-mdk-dim">
          {policy.project === '*'
            ? trans.__(
                'This holds for all projects without rules of their own.'
              )
            : trans.__('This holds for the project %1.', policy.project)}{' '}
          {policy.break_glass
            ? trans.__('In an emergency, an approver may pass by all of it.')
            : trans.__('Nobody may pass by it.')}
        </p>
      </Block>
      {policy.gates.length > 0 && <Gates gates={policy.gates} />}
    </>
  );
}

function Gates({ gates }: { gates: readonly Gate[] }): JSX.Element {
  const { trans } = useSurroundings();
  const wants = (gate: Gate): string => {
    switch (gate.kind) {
      case 'metric':
        return gate.expression ?? '';
      case 'label':
        return gate.value
          ? trans.__('the label %1 is %2', gate.key, gate.value)
          : trans.__('there is a label %1', gate.key);
      case 'card':
        return trans.__('there is a model card');
      case 'signature':
        return trans.__('there is a signature');
      case 'dataset':
        return trans.__('the data is known');
      case 'digest':
        return trans.__('the digest of the artifact is known');
      case 'clean_git':
        return trans.__('made from a commit, without other changes');
    }
  };
  return (
    <Block title={trans.__('Gates')}>
      <table className="jp-mdk-Table jp-mod-texts">
        <thead>
          <tr>
            <th scope="col">{trans.__('gate')}</th>
            <th scope="col">{trans.__('passes where')}</th>
            <th scope="col">{trans.__('may be set aside')}</th>
          </tr>
        </thead>
        <tbody>
          {gates.map(gate => (
            <tr key={gate.name}>
              <th scope="row">{gate.name}</th>
              <td>
                <code>{wants(gate)}</code>
              </td>
              <td>{gate.waivable ? trans.__('yes') : trans.__('no')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Block>
  );
}
