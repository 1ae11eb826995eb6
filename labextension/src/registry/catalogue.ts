import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import { MDKError } from '../client';
import type { About, ModelInfo, RegistryEvent } from '../types';
import type { IRegistryAPI } from './api';
import type { RegistryFeed } from './feed';
import { parseQuery } from './query';

const PAGE = 100; // models asked for at once while scrolling
const LARGEST = 1000; // models that the registry gives at once
const PAUSE = 250; // milliseconds after the last key before it is looked for
const PATIENCE = 3000; // milliseconds after which the user is told that it takes long

/** The models that are found, as far as one has scrolled. */
export class Catalogue implements IDisposable {
  constructor(private readonly _feed: RegistryFeed) {
    this._feed.changed.connect(this._onChanged, this);
    this._debounced = new Debouncer(() => this._load(), PAUSE);
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  /** The models, by name. */
  get models(): readonly ModelInfo[] {
    return this._models;
  }

  /** Which registry it is; null until it is known. */
  get about(): About | null {
    return this._about;
  }

  /** What is looked for, as it was typed. */
  get text(): string {
    return this._text;
  }

  /** Whether an answer is on its way. */
  get isLoading(): boolean {
    return this._request !== null;
  }

  /** Whether the answer takes longer than one likes. */
  get isSlow(): boolean {
    return this._isSlow;
  }

  /** Whether there are no more models than these. */
  get isWhole(): boolean {
    return this._isLoaded && this._next === null;
  }

  /** Whether the registry has answered at least once. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** Why the models may be old, or not there at all. */
  get error(): MDKError | null {
    return this._error;
  }

  /** Look for something else, once no more keys come. */
  search(text: string): void {
    if (text === this._text) {
      return;
    }
    this._text = text;
    this._stateChanged.emit();
    void this._debounced.invoke().catch(() => undefined);
  }

  /** Ask for all again that is shown. */
  refresh(): Promise<void> {
    return this._load(Math.min(Math.max(this._models.length, PAGE), LARGEST));
  }

  /** Add the next page. */
  async more(): Promise<void> {
    if (this._next === null || this._request || this._error) {
      return;
    }
    const cursor = this._next;
    await this._ask(async signal => {
      const query = parseQuery(this._text);
      const place = { cursor, limit: PAGE, signal };
      const page = await this._feed.api.models(query, place);
      this._models = [...this._models, ...page.items];
      this._next = page.next;
    });
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._request?.abort();
    this._debounced.dispose();
    Signal.clearData(this);
  }

  private _load(limit: number = PAGE): Promise<void> {
    return this._ask(async signal => {
      const text = this._text;
      const { api } = this._feed;
      const isSame = api === this._asked;
      const page = await api.models(parseQuery(text), { limit, signal });
      const about = isSame ? this._about : await api.about();
      const rest =
        isSame && text === this._found && page.next !== null
          ? after(this._models, page.items)
          : [];
      this._about = about;
      this._asked = api;
      this._models = [...page.items, ...rest];
      this._next = rest.length ? this._next : page.next;
      this._found = text;
      this._isLoaded = true;
    });
  }

  /** Let the newest question win, and tell how it went. */
  private async _ask(
    question: (signal: AbortSignal) => Promise<void>
  ): Promise<void> {
    this._request?.abort();
    const request = new AbortController();
    this._request = request;
    const late = setTimeout(() => {
      this._isSlow = true;
      this._stateChanged.emit();
    }, PATIENCE);
    this._stateChanged.emit();
    try {
      await question(request.signal);
      this._error = null;
    } catch (error) {
      if (request.signal.aborted) {
        return;
      }
      if (!(error instanceof MDKError)) {
        throw error;
      }
      this._error = error;
      if (this._asked !== this._feed.api) {
        this._forget(); // what is shown is of another registry
      }
    } finally {
      clearTimeout(late);
      if (this._request === request) {
        this._request = null;
        this._isSlow = false;
        this._stateChanged.emit();
      }
    }
  }

  private _forget(): void {
    this._about = null;
    this._asked = null;
    this._models = [];
    this._next = null;
    this._isLoaded = false;
  }

  private _onChanged(_: RegistryFeed, event: RegistryEvent | null): void {
    const known = this._models.findIndex(model => model.name === event?.model);
    if (event === null || known < 0) {
      void this.refresh();
    } else {
      void this._renew(event.model);
    }
  }

  private async _renew(name: string): Promise<void> {
    try {
      const model = await this._feed.api.model(name);
      this._models = this._models.map(old => (old.name === name ? model : old));
      this._stateChanged.emit();
    } catch {
      void this.refresh();
    }
  }

  private _about: About | null = null;
  private _asked: IRegistryAPI | null = null;
  private _debounced: Debouncer<void>;
  private _error: MDKError | null = null;
  private _found: string | null = null;
  private _isDisposed = false;
  private _isLoaded = false;
  private _isSlow = false;
  private _models: ModelInfo[] = [];
  private _next: string | null = null;
  private _request: AbortController | null = null;
  private _stateChanged = new Signal<this, void>(this);
  private _text = '';
}

/** The models of a list that come after those of its newly asked for beginning. */
function after(
  models: readonly ModelInfo[],
  beginning: readonly ModelInfo[]
): ModelInfo[] {
  const last = beginning.at(-1)?.name;
  const at = models.findIndex(model => model.name === last);
  return at < 0 ? [] : models.slice(at + 1);
}
