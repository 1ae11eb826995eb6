import { MimeModel } from '@jupyterlab/rendermime';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { chart, ink } from './chart';
import { difference, figure, type ISeries, series } from '../figures';
import { Mime } from './mime';
import type { ModelRecord } from '../record';
import { Sparkline } from './sparkline';
import { useSurroundings } from '../surroundings';

const VEGA = 'application/vnd.vegalite.v5+json';

/** How the metrics of a model went from version to version. */
export function MetricsView({ record }: { record: ModelRecord }): JSX.Element {
  const { trans } = useSurroundings();
  const courses = series(record.versions);
  const [chosen, choose] = React.useState<string | null>(null);
  const shown = courses.find(one => one.name === chosen) ?? courses.at(0);
  if (!shown) {
    return <p>{trans.__('No version has a metric that is a number.')}</p>;
  }
  return (
    <div className="jp-mdk-Sheet">
      <Chart series={shown} record={record} />
      <table className="jp-mdk-Table">
        <thead>
          <tr>
            <th scope="col">{trans.__('metric')}</th>
            <th scope="col" className="jp-mod-number">
              {trans.__('newest')}
            </th>
            <th scope="col" className="jp-mod-number">
              {trans.__('least')}
            </th>
            <th scope="col" className="jp-mod-number">
              {trans.__('greatest')}
            </th>
            <th scope="col" className="jp-mod-number">
              {trans.__('last step')}
            </th>
            <th scope="col">{trans.__('trend')}</th>
          </tr>
        </thead>
        <tbody>
          {courses.map(course => (
            <MetricRow
              key={course.name}
              course={course}
              isShown={course === shown}
              onChoose={() => choose(course.name)}
            />
          ))}
        </tbody>
      </table>
      {!record.isWhole && (
        <p className="jp-mdk-dim">
          {trans.__(
            'Of the newest %1 versions.',
            record.versions.length.toLocaleString()
          )}{' '}
          <Button
            small
            className="jp-mod-styled"
            onClick={() => void record.more()}
          >
            {trans.__('More')}
          </Button>
        </p>
      )}
    </div>
  );
}

function MetricRow(props: {
  course: ISeries;
  isShown: boolean;
  onChoose: () => void;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { course, isShown } = props;
  const values = course.points.map(point => point.value);
  const newest = values.at(-1)!;
  const before = values.at(-2);
  const numbers = [
    figure(newest),
    figure(Math.min(...values)),
    figure(Math.max(...values)),
    difference(before === undefined ? null : newest - before)
  ];
  return (
    <tr aria-current={isShown || undefined}>
      <th scope="row">
        <Button
          minimal
          small
          className="jp-mdk-RegistryLink"
          title={trans.__('Draw %1', course.name)}
          onClick={props.onChoose}
        >
          {course.name}
        </Button>
      </th>
      {numbers.map((text, index) => (
        <td key={index} className="jp-mod-number">
          {text}
        </td>
      ))}
      <td>
        <Sparkline series={course} version={course.points.at(-1)!.version} />
      </td>
    </tr>
  );
}

function Chart(props: { series: ISeries; record: ModelRecord }): JSX.Element {
  const { trans } = useSurroundings();
  const { record } = props;
  const champions = new Map<string, string>();
  for (const { environment, champion } of record.deployments) {
    if (champion) {
      const others = champions.get(champion);
      champions.set(
        champion,
        others ? `${others}, ${environment}` : environment
      );
    }
  }
  const spec = chart(props.series, champions, ink(document.body), {
    version: trans.__('version'),
    serves: trans.__('serves')
  });
  const text = JSON.stringify(spec);
  const model = React.useMemo(
    () => new MimeModel({ data: { [VEGA]: JSON.parse(text) } }),
    [text]
  );
  return (
    <figure className="jp-mdk-Chart">
      <figcaption>{props.series.name}</figcaption>
      <Mime
        mimeType={VEGA}
        model={model}
        label={trans.__('%1 over the versions', props.series.name)}
      />
    </figure>
  );
}
