import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Deployment } from '../../types';
import { Dot } from '../badges';
import { Moment } from '../moments';
import type { ModelRecord } from '../record';
import { useSurroundings } from '../surroundings';

/** What every environment serves of a model. */
export function Environments({ record }: { record: ModelRecord }): JSX.Element {
  const { trans } = useSurroundings();
  return (
    <ul className="jp-mdk-Environments" aria-label={trans.__('Environments')}>
      {record.environments.map(name => (
        <Environment key={name} name={name} record={record} />
      ))}
    </ul>
  );
}

function Environment(props: {
  name: string;
  record: ModelRecord;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { name, record } = props;
  const deployment = record.deployment(name);
  const champion = deployment?.champion ?? null;
  const told = record.about?.registry.environments.find(
    one => one.name === name
  );
  const placed = deployment?.placements.find(
    one => one.version === champion && one.place === 'champion'
  );
  return (
    <li data-environment={name}>
      <div className="jp-mdk-EnvironmentHead">
        <Dot environment={name} isHollow={!champion} />
        <span>{name}</span>
        {told?.protected && (
          <span
            className="jp-mdk-dim"
            title={trans.__('Changes through git alone')}
          >
            {trans.__('protected')}
          </span>
        )}
        {champion && <Actions record={record} environment={name} />}
      </div>
      {champion ? (
        <>
          <div className="jp-mdk-EnvironmentChampion">
            <Button
              minimal
              small
              className="jp-mdk-RegistryLink"
              title={trans.__('Show version %1', champion)}
              onClick={() => void record.select(champion)}
            >
              {champion}
            </Button>
            <Traffic deployment={deployment!} />
          </div>
          {placed && (
            <div className="jp-mdk-dim">
              <Moment at={placed.since} />
              {`, ${placed.actor}`}
            </div>
          )}
        </>
      ) : (
        <div className="jp-mdk-dim">{trans.__('No champion')}</div>
      )}
      <Staged deployment={deployment} />
    </li>
  );
}

/** What can be done about what an environment serves. */
function Actions(props: {
  record: ModelRecord;
  environment: string;
}): JSX.Element {
  const { trans, commands } = useSurroundings();
  const { record, environment } = props;
  const action = (command: string, label: string, title: string) => (
    <Button
      minimal
      small
      title={title}
      onClick={() =>
        void commands.execute(command, {
          model: record.name,
          environment,
          path: record.api.path
        })
      }
    >
      {label}
    </Button>
  );
  return (
    <span className="jp-mdk-EnvironmentActions">
      {action(
        'mdk:set-challengers',
        trans.__('Challengers…'),
        trans.__('Give versions a share of the traffic of %1', environment)
      )}
      {action(
        'mdk:roll-back-model',
        trans.__('Roll back…'),
        trans.__('Make a past champion of %1 the champion', environment)
      )}
    </span>
  );
}

/** Who gets how much of the traffic, where there are challengers. */
export function Traffic(props: { deployment: Deployment }): JSX.Element | null {
  const { trans } = useSurroundings();
  const challengers = props.deployment.placements.filter(
    one => one.place === 'challenger'
  );
  if (challengers.length === 0) {
    return null;
  }
  const share = (percent: number | null) => percent ?? 0;
  const rest = challengers.reduce((sum, c) => sum - share(c.percent), 100);
  const shares = challengers
    .map(one => trans.__('%1: %2 %', one.version, share(one.percent)))
    .join(', ');
  return (
    <span
      className="jp-mdk-Traffic"
      title={trans.__('Traffic: champion %1 %, %2', rest, shares)}
    >
      <span className="jp-mdk-TrafficBar" aria-hidden>
        <span style={{ width: `${rest}%` }} />
      </span>
      <span className="jp-mdk-dim">{trans.__('%1 %, %2', rest, shares)}</span>
    </span>
  );
}

function Staged(props: { deployment?: Deployment }): JSX.Element | null {
  const { trans } = useSurroundings();
  const staged = (props.deployment?.placements ?? [])
    .filter(one => one.place === 'staged')
    .map(one => one.version);
  return staged.length === 0 ? null : (
    <div className="jp-mdk-dim">
      {trans.__('staged: %1', staged.join(', '))}
    </div>
  );
}
