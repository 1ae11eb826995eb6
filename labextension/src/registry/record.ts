import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { MDKError } from '../client';
import type {
  About,
  Deployment,
  ModelInfo,
  RegistryEvent,
  Version
} from '../types';
import type { IRegistryAPI } from './api';
import type { RegistryFeed } from './feed';

const PAGE = 100; // versions asked for at once

/** What of a model can be shown. */
export const VIEWS = [
  'version',
  'compare',
  'lineage',
  'card',
  'metrics',
  'history',
  'rules'
] as const;
export type View = (typeof VIEWS)[number];

/** What is known of one model: its versions, where they serve, and the one that is looked at. */
export class ModelRecord implements IDisposable {
  constructor(
    readonly api: IRegistryAPI,
    private readonly _feed: RegistryFeed,
    readonly name: string
  ) {
    this._feed.changed.connect(this._onChanged, this);
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  /** Counts the answers; what is asked for beside them is to be asked again when it goes up. */
  get stamp(): number {
    return this._stamp;
  }

  get info(): ModelInfo | null {
    return this._info;
  }

  get about(): About | null {
    return this._about;
  }

  get deployments(): readonly Deployment[] {
    return this._deployments;
  }

  /** The versions, the newest first, as far as one has scrolled. */
  get versions(): readonly Version[] {
    return this._versions;
  }

  get isWhole(): boolean {
    return this._next === null;
  }

  get isLoading(): boolean {
    return this._waiting > 0;
  }

  /** Why what is shown may be old, or is not there. */
  get error(): MDKError | null {
    return this._error;
  }

  /** The version that is looked at. */
  get selected(): string | null {
    return this._selected;
  }

  /** It, with what only single versions come with. */
  get version(): Version | null {
    return this._version;
  }

  /** The environments, in the order in which versions move on. */
  get environments(): string[] {
    const told = this._about?.registry.environments.map(one => one.name) ?? [];
    const others = this._deployments
      .map(one => one.environment)
      .filter(name => !told.includes(name));
    return [...told, ...others];
  }

  deployment(environment: string): Deployment | undefined {
    return this._deployments.find(one => one.environment === environment);
  }

  /** What of the model is shown. */
  get view(): View {
    return this._view;
  }
  set view(view: View) {
    this._view = view;
    this._stateChanged.emit();
  }

  /** The version that it is compared with; null where nobody chose one. */
  get other(): string | null {
    return this._other === this._selected ? null : this._other;
  }

  compareWith(version: string): void {
    this._other = version;
    this._stateChanged.emit();
  }

  /** Look at a version. */
  async select(version: string): Promise<void> {
    if (version === this._selected) {
      return;
    }
    this._selected = version;
    this._version = this._versions.find(one => one.version === version) ?? null;
    this._stateChanged.emit();
    await this._ask(() => this._describe());
  }

  async refresh(): Promise<void> {
    await this._ask(async () => {
      const limit = Math.max(PAGE, Math.min(this._versions.length, 1000));
      const [info, deployments, page] = await Promise.all([
        this.api.model(this.name),
        this.api.deployments(this.name),
        this.api.versions(this.name, { limit })
      ]);
      this._about ??= await this.api.about();
      this._info = info;
      this._deployments = deployments;
      const oldest = page.items.at(-1)?.n ?? 0;
      const rest = this._versions.filter(version => version.n < oldest);
      this._versions = [...page.items, ...rest];
      this._next = rest.length ? this._next : page.next;
      this._selected ??= this._versions.at(0)?.version ?? null;
      await this._describe();
    });
  }

  /** Add the next page of versions. */
  async more(): Promise<void> {
    const cursor = this._next;
    if (cursor === null || this._isAdding) {
      return;
    }
    this._isAdding = true;
    await this._ask(async () => {
      const place = { cursor, limit: PAGE };
      const page = await this.api.versions(this.name, place);
      this._versions = [...this._versions, ...page.items];
      this._next = page.next;
    });
    this._isAdding = false;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async _describe(): Promise<void> {
    const wanted = this._selected;
    if (wanted === null) {
      return;
    }
    const version = await this.api.version(this.name, wanted);
    if (this._selected === wanted) {
      this._version = version;
    }
  }

  private async _ask(question: () => Promise<void>): Promise<void> {
    this._waiting += 1;
    this._stateChanged.emit();
    try {
      await question();
      this._error = null;
      this._stamp += 1;
    } catch (error) {
      if (!(error instanceof MDKError)) {
        throw error;
      }
      this._error = error;
    } finally {
      this._waiting -= 1;
      if (!this._isDisposed) {
        this._stateChanged.emit();
      }
    }
  }

  private _onChanged(_: RegistryFeed, event: RegistryEvent | null): void {
    if (event === null || event.model === this.name) {
      void this.refresh();
    }
  }

  private _about: About | null = null;
  private _deployments: Deployment[] = [];
  private _error: MDKError | null = null;
  private _info: ModelInfo | null = null;
  private _isAdding = false;
  private _isDisposed = false;
  private _next: string | null = null;
  private _other: string | null = null;
  private _selected: string | null = null;
  private _stamp = 0;
  private _stateChanged = new Signal<this, void>(this);
  private _version: Version | null = null;
  private _versions: Version[] = [];
  private _view: View = 'version';
  private _waiting = 0;
}
