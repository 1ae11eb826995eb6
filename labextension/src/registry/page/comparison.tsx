import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Comparison, Difference, MetricDifference } from '../../types';
import { Answered, useAnswer } from '../answers';
import { difference, figure } from '../figures';
import type { ModelRecord } from '../record';
import { useSurroundings } from '../surroundings';
import { Block } from '../tables';
import { byInterest, lines, plain, short } from './unshared';

/** In what the version that is looked at differs from another one. */
export function ComparisonView(props: {
  record: ModelRecord;
  version: string;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { record, version } = props;
  const choices = others(record, version);
  const wanted = record.other ?? choices.at(0)?.version ?? null;
  if (wanted === null) {
    return <p>{trans.__('There is no other version to compare with.')}</p>;
  }
  return (
    <div className="jp-mdk-Sheet">
      <label className="jp-mdk-Choice">
        {trans.__('Compare %1 with', version)}
        <HTMLSelect
          value={wanted}
          onChange={event => record.compareWith(event.target.value)}
          aria-label={trans.__('The other version')}
        >
          {choices.map(choice => (
            <option key={choice.version} value={choice.version}>
              {[choice.version, ...choice.environments].join(' · ')}
            </option>
          ))}
        </HTMLSelect>
      </label>
      <Compared record={record} a={wanted} b={version} />
    </div>
  );
}

function Compared(props: {
  record: ModelRecord;
  a: string;
  b: string;
}): JSX.Element {
  const { record, a, b } = props;
  const answer = useAnswer(
    () => record.api.compare(`${record.name}/${a}`, `${record.name}/${b}`),
    [record, a, b, record.stamp]
  );
  return (
    <Answered answer={answer}>
      {comparison => <Differences comparison={comparison} a={a} b={b} />}
    </Answered>
  );
}

/** What one may compare with: champions first, then the other versions, the newest first. */
function others(
  record: ModelRecord,
  version: string
): { version: string; environments: string[] }[] {
  const champions = new Map<string, string[]>();
  for (const name of [...record.environments].reverse()) {
    const champion = record.deployment(name)?.champion;
    if (champion) {
      champions.set(champion, [...(champions.get(champion) ?? []), name]);
    }
  }
  const rest = record.versions
    .map(one => one.version)
    .filter(one => !champions.has(one));
  const before = rest.filter(one => one !== version);
  const wanted = record.other;
  const known = new Set([...champions.keys(), ...before]);
  if (wanted && !known.has(wanted)) {
    before.unshift(wanted);
  }
  return [...champions.keys(), ...before]
    .filter(one => one !== version)
    .map(one => ({ version: one, environments: champions.get(one) ?? [] }));
}

/** The differences of two versions; what is the same in both is counted alone. */
function Differences(props: {
  comparison: Comparison;
  a: string;
  b: string;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { comparison, a, b } = props;
  const { metrics, parameters, others } = comparison;
  const isSame = ![metrics, parameters, others].some(list =>
    list.some(({ before, after }) => plain(before) !== plain(after))
  );
  return (
    <>
      {isSame && <p>{trans.__('The two versions do not differ.')}</p>}
      {metrics.length > 0 && (
        <Block title={trans.__('Metrics')}>
          <MetricTable metrics={metrics} before={a} after={b} />
        </Block>
      )}
      {parameters.length > 0 && (
        <Block title={trans.__('Parameters')}>
          <DifferenceTable differences={parameters} before={a} after={b} />
        </Block>
      )}
      {others.length > 0 && (
        <Block title={trans.__('Code, data and the rest')}>
          <DifferenceTable differences={others} before={a} after={b} />
        </Block>
      )}
    </>
  );
}

/** Metrics before and after, with their differences. */
export function MetricTable(props: {
  metrics: readonly MetricDifference[];
  before: string;
  after: string;
}): JSX.Element {
  const { trans } = useSurroundings();
  return (
    <table className="jp-mdk-Table jp-mod-even">
      <thead>
        <tr>
          <th scope="col">{trans.__('metric')}</th>
          <th scope="col" className="jp-mod-number">
            {props.before}
          </th>
          <th scope="col" className="jp-mod-number">
            {props.after}
          </th>
          <th scope="col" className="jp-mod-number">
            {trans.__('difference')}
          </th>
        </tr>
      </thead>
      <tbody>
        {props.metrics.map(metric => (
          <tr key={metric.name}>
            <th scope="row">{metric.name}</th>
            <td className="jp-mod-number">{figure(metric.before)}</td>
            <td className="jp-mod-number">{figure(metric.after)}</td>
            <td className="jp-mod-number">{difference(metric.difference)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function DifferenceTable(props: {
  differences: readonly Difference[];
  before: string;
  after: string;
}): JSX.Element {
  const { trans } = useSurroundings();
  return (
    <table className="jp-mdk-Table jp-mod-even jp-mod-texts">
      <thead>
        <tr>
          <th scope="col">{trans.__('name')}</th>
          <th scope="col">{props.before}</th>
          <th scope="col">{props.after}</th>
        </tr>
      </thead>
      <tbody>
        {byInterest(props.differences).map(({ name, before, after }) => (
          <tr key={name}>
            <th scope="row">{name.replace(/^provenance\./, '')}</th>
            <td>
              <Lines of={lines(before, after)} />
            </td>
            <td>
              <Lines of={lines(after, before)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Lines(props: { of: readonly string[] }): JSX.Element {
  return (
    <>
      {props.of.map((text, index) => (
        <code key={index} title={text} className="jp-mdk-Value">
          {short(text)}
        </code>
      ))}
    </>
  );
}
