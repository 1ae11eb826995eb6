import * as React from 'react';

import type { Place, Status, Version } from '../types';
import { inOrder } from './environments';
import { useSurroundings } from './surroundings';

const COLOURS: Record<string, number> = { dev: 0, stage: 6, prod: 2 };
const OTHER = 3;

/** The dot of an environment. */
export function Dot(props: {
  environment: string;
  isHollow?: boolean;
}): JSX.Element {
  const index = COLOURS[props.environment] ?? OTHER;
  const style = { '--jp-mdk-dot': `var(--jp-mdk-component-${index})` };
  return (
    <span
      className={`jp-mdk-EnvironmentDot${props.isHollow ? ' jp-mod-hollow' : ''}`}
      style={style as React.CSSProperties}
      aria-hidden
    />
  );
}

/** An environment, and what is said of it. A hollow dot: not the champion. */
export function EnvironmentBadge(props: {
  environment: string;
  place?: Place;
  children?: React.ReactNode;
}): JSX.Element {
  const { trans } = useSurroundings();
  const place = props.place ?? 'champion';
  const titles: Record<Place, string> = {
    champion: trans.__('Champion in %1', props.environment),
    challenger: trans.__('Challenger in %1', props.environment),
    staged: trans.__(
      'Promoted to %1, not the champion there',
      props.environment
    )
  };
  return (
    <span
      className="jp-mdk-EnvironmentBadge"
      data-environment={props.environment}
      data-place={place}
      title={titles[place]}
    >
      <Dot environment={props.environment} isHollow={place !== 'champion'} />
      {props.environment}
      {props.children && <b>{props.children}</b>}
    </span>
  );
}

/** Where a version has its place, and whether it may be used. */
export function VersionBadges(props: { version: Version }): JSX.Element {
  const { places, status, status_reason } = props.version;
  return (
    <span className="jp-mdk-Badges">
      {inOrder(Object.keys(places))
        .filter(environment => environment in places)
        .map(environment => (
          <EnvironmentBadge
            key={environment}
            environment={environment}
            place={places[environment]}
          />
        ))}
      <StatusBadge status={status} reason={status_reason} />
    </span>
  );
}

function StatusBadge(props: {
  status: Status;
  reason: string | null;
}): JSX.Element | null {
  const { trans } = useSurroundings();
  const words: Record<Status, string> = {
    active: '',
    quarantined: trans.__('quarantined'),
    archived: trans.__('archived')
  };
  return props.status === 'active' ? null : (
    <span
      className="jp-mdk-EnvironmentBadge"
      data-status={props.status}
      title={props.reason ?? ''}
    >
      {words[props.status]}
    </span>
  );
}
