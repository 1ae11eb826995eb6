import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { ModelInfo } from '../types';
import { Trouble } from './answers';
import { EnvironmentBadge } from './badges';
import type { Catalogue } from './catalogue';
import { inOrder } from './environments';
import { Rows } from './rows';
import {
  type ISurroundings,
  Surrounded,
  useSurroundings
} from './surroundings';

const ROW = 44; // pixels
const FIRST = 'mdk.log_model("flights", model, metrics={"auc": auc})';

/** The section of the sidebar that finds models. */
export class RegistrySection extends ReactWidget {
  constructor(
    private readonly _catalogue: Catalogue,
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
    this.node.querySelector('input')?.focus();
  }

  protected override onBeforeShow(): void {
    if (!this._catalogue.isLoaded) {
      void this._catalogue.refresh();
    }
  }

  protected render(): JSX.Element {
    return (
      <Surrounded value={this._surroundings}>
        <UseSignal signal={this._catalogue.stateChanged}>
          {() => <Found catalogue={this._catalogue} />}
        </UseSignal>
      </Surrounded>
    );
  }
}

function Found({ catalogue }: { catalogue: Catalogue }): JSX.Element {
  const { trans, commands } = useSurroundings();
  const { models, error, isLoaded } = catalogue;
  return (
    <>
      <div className="jp-mdk-Search">
        <input
          type="search"
          className="jp-mod-styled"
          placeholder={trans.__('Search models')}
          aria-label={trans.__('Search models')}
          title={trans.__(
            'Words of name and description; project:NAME, champion:ENVIRONMENT and label:KEY=VALUE narrow it down'
          )}
          value={catalogue.text}
          onChange={event => catalogue.search(event.target.value)}
        />
      </div>
      {error && (
        <Trouble error={error} again={() => void catalogue.refresh()} />
      )}
      {models.length > 0 && (
        <Rows
          id="jp-mdk-models"
          label={trans.__('Models')}
          count={models.length}
          rowHeight={ROW}
          selected={-1}
          row={index => <ModelRow model={models[index]} />}
          facts={index => ({ 'data-mdk-model': models[index].name })}
          onSelect={index =>
            void commands.execute('mdk:open-model', {
              model: models[index].name
            })
          }
          onEnd={() => void catalogue.more()}
        />
      )}
      {isLoaded && !error && models.length === 0 && (
        <Nothing isSearch={catalogue.text.trim() !== ''} />
      )}
      <div className="jp-mdk-SectionFoot" role="status">
        <Standing catalogue={catalogue} />
      </div>
    </>
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

function Nothing({ isSearch }: { isSearch: boolean }): JSX.Element {
  const { trans } = useSurroundings();
  return isSearch ? (
    <div className="jp-mdk-Nothing">{trans.__('No model is like that.')}</div>
  ) : (
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

function Standing({ catalogue }: { catalogue: Catalogue }): JSX.Element {
  const { trans } = useSurroundings();
  const { about, models, isWhole, isSlow, isLoaded } = catalogue;
  if (isSlow) {
    return <>{trans.__('The registry takes long to answer…')}</>;
  }
  if (!isLoaded) {
    return <>{catalogue.isLoading ? trans.__('Loading…') : ''}</>;
  }
  const count = isWhole
    ? trans._n('%1 model', '%1 models', models.length)
    : trans.__('%1 models and more', models.length);
  return (
    <>
      <span>{count}</span>
      {about && (
        <span className="jp-mdk-where" title={about.registry.where}>
          <bdi>{about.registry.where}</bdi>
        </span>
      )}
    </>
  );
}
