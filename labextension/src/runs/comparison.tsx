import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { compareIcon } from '../icons';
import type { IMDKClient } from '../tokens';
import type { ComparedRun, PairView, RunComparison } from '../types';
import { duration, moment, value } from './figures';
import { StateMark } from './states';

/** Two runs side by side, in the main area. */
export class ComparisonView extends ReactWidget {
  constructor(
    readonly a: string,
    readonly b: string,
    private readonly _client: IMDKClient,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mdk-Comparison');
  }

  protected render(): JSX.Element {
    return (
      <Loaded client={this._client} a={this.a} b={this.b} trans={this._trans} />
    );
  }
}

export function comparisonWidget(
  a: string,
  b: string,
  client: IMDKClient,
  trans: TranslationBundle
): MainAreaWidget<ComparisonView> {
  const content = new ComparisonView(a, b, client, trans);
  const widget = new MainAreaWidget({ content });
  content.node.setAttribute('aria-label', trans.__('Comparison of two runs'));
  content.node.tabIndex = 0; // so that it can be scrolled by keys
  widget.id = `mdk-comparison:${a}:${b}`;
  widget.title.label = trans.__('Compare runs');
  widget.title.caption = trans.__('Runs %1 and %2', a, b);
  widget.title.icon = compareIcon;
  widget.title.closable = true;
  widget.toolbar.hide(); // it is empty
  return widget;
}

function Loaded(props: {
  client: IMDKClient;
  a: string;
  b: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { client, a, b, trans } = props;
  const [found, setFound] = React.useState<RunComparison | null>(null);
  const [error, setError] = React.useState<string | null>(null);
  React.useEffect(() => {
    const stop = new AbortController();
    client
      .ask<RunComparison>('runs/compare', {
        query: { a, b },
        signal: stop.signal
      })
      .then(setFound)
      .catch(
        (reason: Error) => !stop.signal.aborted && setError(reason.message)
      );
    return () => stop.abort();
  }, [client, a, b]);
  if (error !== null) {
    return (
      <p className="jp-mdk-Note" role="alert">
        {error}
      </p>
    );
  }
  return found ? (
    <Comparison found={found} trans={trans} />
  ) : (
    <p className="jp-mdk-Empty">{trans.__('Comparing…')}</p>
  );
}

interface IProps {
  found: RunComparison;
  trans: TranslationBundle;
}

function Comparison({ found, trans }: IProps): JSX.Element {
  const [isAll, setIsAll] = React.useState(false);
  return (
    <div className="jp-mdk-Comparison-page">
      <div className="jp-mdk-Comparison-head">
        <h2>{title(found, trans)}</h2>
        <label>
          <input
            type="checkbox"
            checked={isAll}
            onChange={event => setIsAll(event.target.checked)}
          />
          {trans.__('Show what is the same')}
        </label>
      </div>
      <Runs found={found} trans={trans} />
      <Pairs
        title={trans.__('Parameters')}
        pairs={found.parameters}
        isAll={isAll}
        trans={trans}
      />
      <Pairs
        title={trans.__('Metrics')}
        pairs={found.metrics}
        isAll={isAll}
        hasDifference
        trans={trans}
      />
      <Sources found={found} trans={trans} />
      <Steps found={found} trans={trans} />
      <Artifacts found={found} isAll={isAll} trans={trans} />
    </div>
  );
}

function title({ a, b }: RunComparison, trans: TranslationBundle): string {
  return a.pipeline === b.pipeline
    ? trans.__('Two runs of %1', a.pipeline)
    : trans.__('%1 and %2', a.pipeline, b.pipeline);
}

function Runs({ found, trans }: IProps): JSX.Element {
  const now = new Date();
  const row = (letter: string, run: ComparedRun) => (
    <tr>
      <th scope="row">{letter}</th>
      <td>
        <StateMark state={run.state} trans={trans} />
      </td>
      <td>{moment(run.started, now)}</td>
      <td className="jp-mdk-Number">{duration(run.seconds)}</td>
      <td className="jp-mdk-Quiet">{run.id}</td>
    </tr>
  );
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{trans.__('Run')}</th>
          <th scope="col">{trans.__('State')}</th>
          <th scope="col">{trans.__('Began')}</th>
          <th scope="col" className="jp-mdk-Number">
            {trans.__('Took')}
          </th>
          <th scope="col">{trans.__('Id')}</th>
        </tr>
      </thead>
      <tbody>
        {row(trans.__('A'), found.a)}
        {row(trans.__('B'), found.b)}
      </tbody>
    </table>
  );
}

function Part(props: {
  title: string;
  isEmpty: boolean;
  trans: TranslationBundle;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <section>
      <h3>{props.title}</h3>
      {props.isEmpty ? (
        <p className="jp-mdk-Empty">{props.trans.__('No difference.')}</p>
      ) : (
        props.children
      )}
    </section>
  );
}

function Pairs(props: {
  title: string;
  pairs: Record<string, PairView>;
  isAll: boolean;
  hasDifference?: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { trans, hasDifference } = props;
  const shown = Object.entries(props.pairs).filter(
    ([, pair]) => props.isAll || !pair.same
  );
  const side = (pair: PairView, key: 'a' | 'b') =>
    key in pair ? value(pair[key]) : '–';
  return (
    <Part title={props.title} isEmpty={!shown.length} trans={trans}>
      <table>
        <thead>
          <tr>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col" className="jp-mdk-Number">
              {trans.__('A')}
            </th>
            <th scope="col" className="jp-mdk-Number">
              {trans.__('B')}
            </th>
            {hasDifference && (
              <th scope="col" className="jp-mdk-Number">
                {trans.__('Difference')}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {shown.map(([name, pair]) => (
            <tr key={name} data-same={pair.same || undefined}>
              <th scope="row">{name}</th>
              <td className="jp-mdk-Number">{side(pair, 'a')}</td>
              <td className="jp-mdk-Number">{side(pair, 'b')}</td>
              {hasDifference && (
                <td className="jp-mdk-Number">{signed(pair.difference)}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}

function signed(of: number | null): string {
  return of ? `${of > 0 ? '+' : ''}${value(of)}` : '';
}

function Sources({ found, trans }: IProps): JSX.Element {
  const sources = Object.entries(found.sources);
  return (
    <Part title={trans.__('Code')} isEmpty={!sources.length} trans={trans}>
      {sources.map(([name, diff]) => (
        <figure key={name} className="jp-mdk-Diff">
          <figcaption>{name}</figcaption>
          <pre tabIndex={0} aria-label={trans.__('Changes of %1', name)}>
            {lines(diff).map((line, index) => (
              <span key={index} data-line={line[0]}>
                {line}
                {'\n'}
              </span>
            ))}
          </pre>
        </figure>
      ))}
    </Part>
  );
}

/** The lines of a unified diff, without the names of files that there are none of. */
function lines(diff: string): string[] {
  return diff
    .split('\n')
    .filter(line => !line.startsWith('--- ') && !line.startsWith('+++ '));
}

function Steps({ found, trans }: IProps): JSX.Element {
  const steps = Object.entries(found.steps);
  const cells = (step: RunComparison['steps'][string]['a']) =>
    step ? (
      <>
        <td>
          <StateMark state={step.state} trans={trans} />
        </td>
        <td className="jp-mdk-Number">
          {step.cached_from ? trans.__('cached') : duration(step.seconds)}
        </td>
      </>
    ) : (
      <>
        <td>–</td>
        <td />
      </>
    );
  return (
    <Part title={trans.__('Steps')} isEmpty={!steps.length} trans={trans}>
      <table>
        <thead>
          <tr>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col" colSpan={2}>
              {trans.__('A')}
            </th>
            <th scope="col" colSpan={2}>
              {trans.__('B')}
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.map(([name, { a, b }]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {cells(a)}
              {cells(b)}
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}

function Artifacts(props: IProps & { isAll: boolean }): JSX.Element {
  const { found, isAll, trans } = props;
  const shown = Object.entries(found.artifacts).filter(
    ([, pair]) => isAll || pair.change !== 'same'
  );
  const changes = {
    same: trans.__('same'),
    changed: trans.__('changed'),
    'only in a': trans.__('only in A'),
    'only in b': trans.__('only in B')
  };
  return (
    <Part title={trans.__('Artifacts')} isEmpty={!shown.length} trans={trans}>
      <table>
        <thead>
          <tr>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col">{trans.__('Change')}</th>
            <th scope="col">{trans.__('Type')}</th>
            <th scope="col">{trans.__('A')}</th>
            <th scope="col">{trans.__('B')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(([name, { change, a, b }]) => (
            <tr key={name} data-same={change === 'same' || undefined}>
              <th scope="row">{name}</th>
              <td>{changes[change]}</td>
              <td className="jp-mdk-Quiet">{b?.type ?? a?.type}</td>
              <td className="jp-mdk-Preview" title={a?.preview ?? undefined}>
                {a?.preview ?? '–'}
              </td>
              <td className="jp-mdk-Preview" title={b?.preview ?? undefined}>
                {b?.preview ?? '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Part>
  );
}
