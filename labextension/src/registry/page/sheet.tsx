import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Column, Version } from '../../types';
import { VersionBadges } from '../badges';
import { bytes, difference, duration, figure, series } from '../figures';
import { Moment } from '../moments';
import type { ModelRecord } from '../record';
import { Sparkline } from './sparkline';
import { useSurroundings } from '../surroundings';
import { Block, Digest, Facts } from '../tables';
import { plain } from './unshared';

/** All that is known of the version that is looked at. */
export function VersionSheet(props: {
  record: ModelRecord;
  version: Version;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { record, version } = props;
  const { datasets, requirements, labels, parameters } = version;
  return (
    <div className="jp-mdk-Sheet">
      <div className="jp-mdk-SheetHead">
        <h2>{version.version}</h2>
        <VersionBadges version={version} />
        <Actions record={record} version={version} />
      </div>
      {version.status_reason && (
        <p className="jp-mdk-dim">{version.status_reason}</p>
      )}
      {version.description &&
        version.description !== record.info?.description && (
          <p>{version.description}</p>
        )}
      <div className="jp-mdk-Columns">
        <Metrics record={record} version={version} />
        <Origin version={version} />
        {Object.keys(parameters).length > 0 && (
          <Block title={trans.__('Parameters')}>
            <Facts
              of={Object.entries(parameters).map(([name, value]) => [
                name,
                <code>{plain(value)}</code>
              ])}
            />
          </Block>
        )}
        {datasets.length > 0 && (
          <Block title={trans.__('Datasets')}>
            {datasets.map(dataset => (
              <div key={dataset.uri} className="jp-mdk-Dataset">
                <div title={dataset.uri}>
                  {dataset.name ?? dataset.uri}{' '}
                  <span className="jp-mdk-dim">{dataset.role}</span>
                </div>
                <div className="jp-mdk-dim">
                  {dataset.rows !== null && (
                    <span>
                      {trans._n(
                        '%2 row',
                        '%2 rows',
                        dataset.rows,
                        dataset.rows.toLocaleString('en')
                      )}
                    </span>
                  )}
                  {dataset.sha256 && <Digest of={dataset.sha256} />}
                </div>
              </div>
            ))}
          </Block>
        )}
        <SignatureBlock version={version} />
        <Block title={trans.__('Artifact')}>
          <Facts
            of={[
              [trans.__('where'), <code>{version.artifact.uri}</code>],
              [trans.__('format'), version.artifact.format],
              [
                trans.__('size'),
                version.artifact.size === null
                  ? null
                  : bytes(version.artifact.size)
              ],
              [
                trans.__('digest'),
                version.artifact.sha256 && (
                  <Digest of={version.artifact.sha256} />
                )
              ],
              [trans.__('Vertex AI'), version.vertex_model]
            ]}
          />
        </Block>
        {Object.keys(labels).length > 0 && (
          <Block title={trans.__('Labels')}>
            <Facts of={Object.entries(labels)} />
          </Block>
        )}
        {requirements.length > 0 && (
          <Block title={trans.__('Requirements')}>
            <details>
              <summary>
                {trans._n('%1 package', '%1 packages', requirements.length)}
              </summary>
              <pre tabIndex={0}>{requirements.join('\n')}</pre>
            </details>
          </Block>
        )}
      </div>
    </div>
  );
}

function Actions(props: {
  record: ModelRecord;
  version: Version;
}): JSX.Element {
  const { trans, commands } = useSurroundings();
  const { record, version } = props;
  const isActive = version.status === 'active';
  const isKept = version.status === 'archived';
  const action = (command: string, label: string, isEnabled = true) => (
    <Button
      small
      className="jp-mod-styled"
      disabled={!isEnabled}
      onClick={() =>
        void commands.execute(command, {
          model: record.name,
          version: version.version,
          path: record.api.path
        })
      }
    >
      {label}
    </Button>
  );
  return (
    <div className="jp-mdk-VersionActions">
      {action('mdk:promote-version', trans.__('Promote…'), isActive)}
      {action('mdk:set-challengers', trans.__('Challenge…'), isActive)}
      {action('mdk:approve-version', trans.__('Approve…'), isActive)}
      {action('mdk:annotate-version', trans.__('Annotate…'))}
      {version.status === 'quarantined'
        ? action('mdk:release-version', trans.__('Release…'))
        : action('mdk:quarantine-version', trans.__('Quarantine…'), isActive)}
      {action('mdk:archive-version', trans.__('Archive…'), !isKept)}
    </div>
  );
}

/** The metrics of a version, beside those of the champion further on. */
function Metrics(props: {
  record: ModelRecord;
  version: Version;
}): JSX.Element | null {
  const { trans } = useSurroundings();
  const { record, version } = props;
  const names = Object.keys(version.metrics);
  const before = record.versions.find(one => one.n === version.n - 1);
  const courses = series(record.versions);
  if (names.length === 0) {
    return null;
  }
  return (
    <Block title={trans.__('Metrics')}>
      <table className="jp-mdk-Table">
        <thead>
          <tr>
            <th scope="col">{trans.__('metric')}</th>
            <th scope="col" className="jp-mod-number">
              {trans.__('value')}
            </th>
            <th scope="col" className="jp-mod-number">
              {before ? trans.__('since %1', before.version) : ''}
            </th>
            <th scope="col">{trans.__('trend')}</th>
          </tr>
        </thead>
        <tbody>
          {names.map(name => {
            const value = version.metrics[name];
            const old = before?.metrics[name];
            const course = courses.find(one => one.name === name);
            const step =
              typeof value === 'number' && typeof old === 'number'
                ? value - old
                : null;
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className="jp-mod-number">{figure(value)}</td>
                <td className="jp-mod-number jp-mdk-dim">{difference(step)}</td>
                <td>
                  {course && (
                    <Sparkline series={course} version={version.version} />
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Block>
  );
}

function Origin({ version }: { version: Version }): JSX.Element {
  const { trans } = useSurroundings();
  const { provenance, cost } = version;
  const { git, notebook, run } = provenance;
  const took = [
    cost?.wall_seconds && duration(cost.wall_seconds),
    cost?.amount && `${figure(cost.amount)} ${cost.currency}`
  ].filter(Boolean);
  return (
    <Block title={trans.__('Where it comes from')}>
      <Facts
        of={[
          [
            trans.__('trained by'),
            provenance.trained_by ?? version.registered_by
          ],
          [trans.__('registered'), <Moment at={version.created} />],
          [
            trans.__('registered by'),
            provenance.trained_by === version.registered_by
              ? null
              : version.registered_by
          ],
          [trans.__('notebook'), notebook && <code>{notebook.path}</code>],
          [trans.__('run'), run && <RunName run={run} />],
          [
            trans.__('commit'),
            git?.commit && (
              <>
                <Digest of={git.commit} />
                {git.branch && ` ${git.branch}`}
                {git.dirty && (
                  <>
                    {' '}
                    <span className="jp-mdk-warn">
                      {trans.__('with changes that no commit has')}
                    </span>
                  </>
                )}
              </>
            )
          ],
          [trans.__('Python'), provenance.python],
          [
            trans.__('image'),
            provenance.image && <code>{provenance.image}</code>
          ],
          [trans.__('cost'), took.length ? took.join(', ') : null]
        ]}
      />
    </Block>
  );
}

function RunName(props: {
  run: NonNullable<Version['provenance']['run']>;
}): JSX.Element {
  const { id, pipeline, target, url } = props.run;
  const name = pipeline ? `${pipeline} ${id}` : id;
  const isSafe = url !== null && /^https?:\/\//.test(url);
  return (
    <>
      {isSafe ? (
        <a href={url} target="_blank" rel="noopener noreferrer">
          {name}
        </a>
      ) : (
        name
      )}
      {target && <span className="jp-mdk-dim"> {target}</span>}
    </>
  );
}

function SignatureBlock({ version }: { version: Version }): JSX.Element | null {
  const { trans } = useSurroundings();
  if (!version.signature) {
    return null;
  }
  const { inputs, outputs } = version.signature;
  const rows = (columns: readonly Column[]) =>
    columns.map(
      ({ name, type, optional }) =>
        [name, <code>{optional ? `${type}?` : type}</code>] as const
    );
  return (
    <Block title={trans.__('Signature')}>
      <h4>{trans.__('takes')}</h4>
      <Facts of={rows(inputs)} />
      <h4>{trans.__('gives')}</h4>
      <Facts of={rows(outputs)} />
    </Block>
  );
}
