import { infoIcon, ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { type Message, MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { IconButton } from '../runs/buttons';
import type { ModelInfo, Version } from '../types';
import { Trouble } from './answers';
import { EnvironmentBadge, VersionBadges } from './badges';
import { inOrder } from './environments';
import { figure } from './figures';
import type { Finder, Kind } from './finder';
import { SearchHelp } from './help';
import { metricsOf } from './query';
import { Rows } from './rows';
import {
  type ISurroundings,
  Surrounded,
  useSurroundings
} from './surroundings';

const ROW = 44; // pixels
const FRAMES = 60; // that are waited for until the search box can have the cursor
const METRICS = 3; // of a version, as many as fit
const FIRST = 'mdk.log_model("flights", model, metrics={"auc": auc})';

/** The section of the sidebar that finds models, and their versions. */
export class RegistrySection extends ReactWidget {
  constructor(
    private readonly _finder: Finder,
    private readonly _surroundings: ISurroundings
  ) {
    super();
    const { trans } = this._surroundings;
    this.id = 'mdk-jupyter:registry-section';
    this.title.label = trans.__('Registry');
    this.addClass('jp-mdk-RegistrySection');
  }

  /** Put the cursor where one types what to look for. */
  async focusSearch(): Promise<void> {
    MessageLoop.sendMessage(this, Widget.Msg.UpdateRequest); // it may be shown for the first time
    await this.renderPromise;
    const input = () => this.node.querySelector<HTMLElement>('[type=search]');
    for (let left = FRAMES; left > 0; left--) {
      input()?.focus();
      if (document.activeElement === input()) {
        return;
      }
      // Notebook 7 lays its sidebars out some time after they are shown.
      await new Promise(resolve => requestAnimationFrame(resolve));
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._ask();
  }

  protected override onUpdateRequest(message: Message): void {
    super.onUpdateRequest(message);
    this._ask();
  }

  /** Ask for what is to be seen, the first time that it is. */
  private _ask(): void {
    const { isLoaded, isLoading } = this._finder.listing;
    if (this.isVisible && !isLoaded && !isLoading) {
      void this._finder.refresh();
    }
  }

  protected render(): JSX.Element {
    return (
      <Surrounded value={this._surroundings}>
        <UseSignal signal={this._finder.stateChanged}>
          {() => <Found finder={this._finder} />}
        </UseSignal>
      </Surrounded>
    );
  }
}

function Found({ finder }: { finder: Finder }): JSX.Element {
  const { listing } = finder;
  const { error, isLoaded } = listing;
  return (
    <>
      <Search finder={finder} />
      {error && <Trouble error={error} again={() => void finder.refresh()} />}
      {finder.kind === 'models' ? (
        <Models finder={finder} />
      ) : (
        <Versions finder={finder} />
      )}
      {isLoaded && !error && listing.items.length === 0 && (
        <Nothing finder={finder} />
      )}
      <div className="jp-mdk-SectionFoot" role="status">
        <Standing finder={finder} />
      </div>
    </>
  );
}

/** Where one types what to look for. */
function Search({ finder }: { finder: Finder }): JSX.Element {
  const { trans } = useSurroundings();
  const [isHelped, setHelped] = React.useState(false);
  const id = React.useId();
  const { kind } = finder;
  const { unclear, isOfVersions } = finder.query;
  const kinds: [Kind, string][] = [
    ['models', trans.__('Models')],
    ['versions', trans.__('Versions')]
  ];
  return (
    <div className="jp-mdk-Search">
      <div className="jp-mdk-SearchLine">
        <input
          type="search"
          className="jp-mod-styled"
          spellCheck={false}
          placeholder={
            kind === 'models'
              ? trans.__('Search models')
              : trans.__('rmse<0.3 label:team=x')
          }
          aria-label={
            kind === 'models'
              ? trans.__('Search models')
              : trans.__('Search versions')
          }
          aria-describedby={unclear.length ? `${id}-unclear` : undefined}
          value={finder.text}
          onChange={event => finder.search(event.target.value)}
          onKeyDown={toList}
        />
        <IconButton
          icon={infoIcon}
          label={trans.__('What can be looked for')}
          isExpanded={isHelped}
          onClick={() => setHelped(!isHelped)}
        />
      </div>
      <div
        className="jp-mdk-Kinds"
        role="radiogroup"
        aria-label={trans.__('What is listed')}
      >
        {kinds.map(([one, label]) => (
          <label key={one} data-chosen={kind === one}>
            <input
              type="radio"
              name={id}
              checked={kind === one}
              disabled={isOfVersions && one === 'models'}
              onChange={() => finder.choose(one)}
            />
            {label}
          </label>
        ))}
      </div>
      {unclear.length > 0 && (
        <p id={`${id}-unclear`} className="jp-mdk-dim" role="status">
          {trans.__('Not understood yet: %1', unclear.join(' '))}
        </p>
      )}
      {isHelped && <SearchHelp />}
    </div>
  );
}

/** Go on to what was found, by the key that goes down. */
function toList(event: React.KeyboardEvent): void {
  const section = event.currentTarget.closest('.jp-mdk-RegistrySection');
  const list = section?.querySelector<HTMLElement>('[role=listbox]');
  if (event.key === 'ArrowDown' && list) {
    list.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}

function Models({ finder }: { finder: Finder }): JSX.Element | null {
  const { trans, commands } = useSurroundings();
  const { catalogue, models } = finder;
  return models.length === 0 ? null : (
    <Rows
      id="jp-mdk-models"
      label={trans.__('Models')}
      count={models.length}
      rowHeight={ROW}
      selected={-1}
      row={index => <ModelRow model={models[index]} />}
      facts={index => ({ 'data-mdk-model': models[index].name })}
      onSelect={index =>
        void commands.execute('mdk:open-model', { model: models[index].name })
      }
      onEnd={() => void catalogue.more()}
    />
  );
}

function Versions({ finder }: { finder: Finder }): JSX.Element | null {
  const { trans, commands } = useSurroundings();
  const { versions, query } = finder;
  const { items } = versions;
  const asked = metricsOf(query.versions);
  return items.length === 0 ? null : (
    <Rows
      id="jp-mdk-found-versions"
      label={trans.__('Versions')}
      count={items.length}
      rowHeight={ROW}
      selected={-1}
      row={index => <VersionRow version={items[index]} asked={asked} />}
      facts={index => ({
        'data-mdk-model': items[index].model,
        'data-mdk-version': items[index].version,
        'data-mdk-status': items[index].status
      })}
      onSelect={index =>
        void commands.execute('mdk:open-model', {
          model: items[index].model,
          version: items[index].version
        })
      }
      onEnd={() => void versions.more()}
    />
  );
}

/** A version with the metrics that were asked for, or else its first ones. */
function VersionRow(props: {
  version: Version;
  asked: readonly string[];
}): JSX.Element {
  const { version, asked } = props;
  const { metrics } = version;
  const names = [...new Set([...asked, ...Object.keys(metrics)])]
    .filter(name => name in metrics)
    .slice(0, Math.max(METRICS, asked.length));
  const told = names.map(name => `${name} ${figure(metrics[name])}`);
  return (
    <div
      className="jp-mdk-FoundVersion"
      data-status={version.status}
      title={told.join('\n')}
    >
      <div>
        <span className="jp-mdk-name">
          {version.model} <b>{version.version}</b>
        </span>
        <span className="jp-mdk-dim jp-mdk-project">{version.project}</span>
      </div>
      <div>
        <span className="jp-mdk-dim jp-mdk-figures">{told.join(' · ')}</span>
        <VersionBadges version={version} />
      </div>
    </div>
  );
}

function ModelRow({ model }: { model: ModelInfo }): JSX.Element {
  const { trans } = useSurroundings();
  const environments = inOrder(Object.keys(model.champions)).filter(
    environment => environment in model.champions
  );
  return (
    <div className="jp-mdk-ModelRow" title={model.description ?? model.name}>
      <div>
        <span className="jp-mdk-name">{model.name}</span>
        <span className="jp-mdk-dim jp-mdk-project">{model.project}</span>
      </div>
      <div className="jp-mdk-Badges">
        {environments.map(environment => (
          <EnvironmentBadge key={environment} environment={environment}>
            {model.champions[environment]}
          </EnvironmentBadge>
        ))}
        {environments.length === 0 && (
          <span className="jp-mdk-dim">
            {model.newest
              ? trans.__('%1, no champion yet', model.newest)
              : trans.__('no version yet')}
          </span>
        )}
      </div>
    </div>
  );
}

function Nothing({ finder }: { finder: Finder }): JSX.Element {
  const { trans } = useSurroundings();
  const isOfModels = finder.kind === 'models';
  if (finder.text.trim() !== '') {
    return (
      <div className="jp-mdk-Nothing">
        {isOfModels
          ? trans.__('No model is like that.')
          : trans.__('No version is like that.')}
      </div>
    );
  }
  return (
    <div className="jp-mdk-Nothing">
      <p>{trans.__('There are no models yet.')}</p>
      <p>
        {trans.__(
          'The first one gets in from a notebook, with the model that it has trained:'
        )}
      </p>
      <code>{FIRST}</code>
    </div>
  );
}

function Standing({ finder }: { finder: Finder }): JSX.Element {
  const { trans } = useSurroundings();
  const { kind, listing } = finder;
  const { about, isSlow, isLoaded } = listing;
  if (isSlow) {
    return <>{trans.__('The registry takes long to answer…')}</>;
  }
  if (!isLoaded) {
    return <>{listing.isLoading ? trans.__('Loading…') : ''}</>;
  }
  return (
    <>
      <span>{count(kind, listing.items.length, listing.isWhole, trans)}</span>
      {about && (
        <span className="jp-mdk-where" title={about.registry.where}>
          <bdi>{about.registry.where}</bdi>
        </span>
      )}
    </>
  );
}

function count(
  kind: Kind,
  number: number,
  isWhole: boolean,
  trans: ISurroundings['trans']
): string {
  if (kind === 'models') {
    return isWhole
      ? trans._n('%1 model', '%1 models', number)
      : trans.__('%1 models and more', number);
  }
  return isWhole
    ? trans._n('%1 version', '%1 versions', number)
    : trans.__('%1 versions and more', number);
}
