import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { IRegistryModel } from '../tokens';
import type { ModelInfo } from '../types';
import { Catalogue } from './catalogue';
import type { RegistryFeed } from './feed';
import { type IQuery, parseQuery } from './query';
import { VersionSearch } from './version_search';

/** What is looked for: models, or versions of all models. */
export type Kind = 'models' | 'versions';

/** What one looks for in the registry, and what is found. */
export class Finder implements IRegistryModel, IDisposable {
  constructor(feed: RegistryFeed) {
    this.catalogue = new Catalogue(feed);
    this.versions = new VersionSearch(feed);
    for (const listing of [this.catalogue, this.versions]) {
      listing.stateChanged.connect(() => this._stateChanged.emit(), this);
    }
  }

  readonly catalogue: Catalogue;
  readonly versions: VersionSearch;

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get models(): readonly ModelInfo[] {
    return this.catalogue.models;
  }

  /** What is listed: what was chosen, but versions where only they can be meant. */
  get kind(): Kind {
    return this.query.isOfVersions ? 'versions' : this._chosen;
  }

  /** What was typed. */
  get text(): string {
    return this._text;
  }

  /** How it is understood. */
  get query(): IQuery {
    return this._query;
  }

  get listing(): Catalogue | VersionSearch {
    return this.kind === 'models' ? this.catalogue : this.versions;
  }

  get error(): Error | null {
    return this.listing.error;
  }

  choose(kind: Kind): void {
    this._chosen = kind;
    this._look();
  }

  search(text: string): void {
    this._text = text;
    this._query = parseQuery(text);
    this._look();
  }

  refresh(): Promise<void> {
    return this.listing.refresh();
  }

  get isDisposed(): boolean {
    return this.catalogue.isDisposed;
  }

  dispose(): void {
    this.catalogue.dispose();
    this.versions.dispose();
    Signal.clearData(this);
  }

  private _look(): void {
    this.versions.isActive = this.kind === 'versions';
    this.listing.search(this._text);
    this._stateChanged.emit();
  }

  private _chosen: Kind = 'models';
  private _query = parseQuery('');
  private _stateChanged = new Signal<this, void>(this);
  private _text = '';
}
