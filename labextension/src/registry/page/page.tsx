import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Trouble } from '../answers';
import { CardView } from './card';
import { ComparisonView } from './comparison';
import { Environments } from './environments';
import { HistoryView } from './history';
import { LineageView } from './lineage';
import { MetricsView } from './metrics';
import type { ModelRecord, View } from '../record';
import { RulesView } from './rules';
import {
  type ISurroundings,
  Surrounded,
  useSurroundings
} from '../surroundings';
import { VersionSheet } from './sheet';
import { Versions } from './versions';

/** All that is known of one model, in the main area. */
export class ModelPage extends ReactWidget {
  constructor(
    readonly record: ModelRecord,
    private readonly _surroundings: ISurroundings
  ) {
    super();
    this.addClass('jp-mdk-ModelPage');
  }

  override dispose(): void {
    this.record.dispose();
    super.dispose();
  }

  protected render(): JSX.Element {
    return (
      <Surrounded value={this._surroundings}>
        <UseSignal signal={this.record.stateChanged}>
          {() => <Page record={this.record} />}
        </UseSignal>
      </Surrounded>
    );
  }
}

function Page({ record }: { record: ModelRecord }): JSX.Element {
  const { trans } = useSurroundings();
  const { info, error } = record;
  if (!info) {
    return error ? (
      <Trouble error={error} again={() => void record.refresh()} />
    ) : (
      <div className="jp-mdk-dim jp-mdk-Loading" role="status">
        {trans.__('Loading…')}
      </div>
    );
  }
  const facts = [
    info.project,
    info.use_case,
    info.owner && trans.__('owner %1', info.owner),
    info.sensitivity && trans.__('sensitivity %1', info.sensitivity),
    ...Object.entries(info.labels).map(([key, value]) => `${key}=${value}`)
  ].filter(Boolean);
  return (
    <>
      {error && <Trouble error={error} again={() => void record.refresh()} />}
      <div className="jp-mdk-ModelHead">
        <h1>{info.name}</h1>
        <span className="jp-mdk-dim">{facts.join(' · ')}</span>
        {info.description && <p>{info.description}</p>}
      </div>
      <Environments record={record} />
      <div className="jp-mdk-Split">
        <Versions record={record} />
        <Views record={record} />
      </div>
    </>
  );
}

function Views({ record }: { record: ModelRecord }): JSX.Element {
  const { trans } = useSurroundings();
  const names: [View, string][] = [
    ['version', trans.__('Version')],
    ['compare', trans.__('Compare')],
    ['lineage', trans.__('Lineage')],
    ['card', trans.__('Model card')],
    ['metrics', trans.__('Metrics')],
    ['history', trans.__('History')],
    ['rules', trans.__('Rules')]
  ];
  const tabs = React.useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const at = names.findIndex(([name]) => name === record.view);
    const steps: Record<string, number> = {
      ArrowRight: (at + 1) % names.length,
      ArrowLeft: (at + names.length - 1) % names.length,
      Home: 0,
      End: names.length - 1
    };
    if (event.key in steps) {
      const to = steps[event.key];
      record.view = names[to][0];
      (tabs.current!.children[to] as HTMLElement).focus();
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const id = (name: View) => `jp-mdk-${record.name}-${name}`;
  return (
    <div className="jp-mdk-Views">
      <div
        className="jp-mdk-Tabs"
        role="tablist"
        aria-label={trans.__('Views of %1', record.name)}
        ref={tabs}
        onKeyDown={onKeyDown}
      >
        {names.map(([name, label]) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={id(name)}
            aria-selected={name === record.view}
            aria-controls={`${id('version')}-panel`}
            tabIndex={name === record.view ? 0 : -1}
            onClick={() => {
              record.view = name;
            }}
          >
            {label}
          </button>
        ))}
      </div>
      <div
        className="jp-mdk-View"
        role="tabpanel"
        id={`${id('version')}-panel`}
        aria-labelledby={id(record.view)}
        tabIndex={0}
      >
        <Shown record={record} />
      </div>
    </div>
  );
}

function Shown({ record }: { record: ModelRecord }): JSX.Element | null {
  const { trans } = useSurroundings();
  switch (record.view) {
    case 'metrics':
      return <MetricsView record={record} />;
    case 'history':
      return <HistoryView record={record} />;
    case 'rules':
      return <RulesView record={record} />;
  }
  const { version } = record;
  if (!version) {
    return record.isLoading ? null : (
      <p className="jp-mdk-dim">{trans.__('There is no version yet.')}</p>
    );
  }
  switch (record.view) {
    case 'version':
      return <VersionSheet record={record} version={version} />;
    case 'compare':
      return <ComparisonView record={record} version={version.version} />;
    case 'lineage':
      return <LineageView record={record} version={version.version} />;
    case 'card':
      return <CardView record={record} version={version} />;
  }
}
