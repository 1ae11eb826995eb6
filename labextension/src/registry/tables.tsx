import * as React from 'react';

/** Facts, each with its name. Those that are not known are left out. */
export function Facts(props: {
  of: readonly (readonly [string, React.ReactNode])[];
}): JSX.Element {
  return (
    <dl className="jp-mdk-Facts">
      {props.of
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}

/** One block of a sheet, under its heading. */
export function Block(props: {
  title: string;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <section className="jp-mdk-Block">
      <h3>{props.title}</h3>
      {props.children}
    </section>
  );
}

/** The beginning of a digest; all of it when one points at it. */
export function Digest({ of }: { of: string }): JSX.Element {
  return (
    <code title={of} className="jp-mdk-Digest">
      {of.slice(0, 12)}
    </code>
  );
}
