import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import { MDKError } from '../client';
import type { About, RegistryEvent } from '../types';
import type { IPage, IPlace, IRegistryAPI } from './api';
import type { RegistryFeed } from './feed';

const PAGE = 100; // items asked for at once while scrolling
const LARGEST = 1000; // items that the registry gives at once
const PAUSE = 250; // milliseconds after the last key before it is looked for
const PATIENCE = 3000; // milliseconds after which the user is told that it takes long

/** What is found in the registry, as far as one has scrolled. */
export abstract class Listing<T> implements IDisposable {
  constructor(protected readonly feed: RegistryFeed) {
    this.feed.changed.connect(this._onChanged, this);
    this._debounced = new Debouncer(() => this._load(), PAUSE);
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  /** What was found, in the order in which the registry tells it. */
  get items(): readonly T[] {
    return this._items;
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

  /** Whether there are no more than these. */
  get isWhole(): boolean {
    return this._isLoaded && this._next === null;
  }

  /** Whether the registry has answered at least once. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** Why what is shown may be old, or not there at all. */
  get error(): MDKError | null {
    return this._error;
  }

  /** Look for something else, once no more keys come. */
  search(text: string): void {
    if (text === this._text && this._isLoaded) {
      return;
    }
    this._text = text;
    this._stateChanged.emit();
    void this._debounced.invoke().catch(() => undefined);
  }

  /** Ask for all again that is shown. */
  refresh(): Promise<void> {
    return this._load(Math.min(Math.max(this._items.length, PAGE), LARGEST));
  }

  /** Add the next page. */
  async more(): Promise<void> {
    if (this._next === null || this._request || this._error) {
      return;
    }
    const cursor = this._next;
    await this._ask(async signal => {
      const place = { cursor, limit: PAGE, signal };
      const page = await this.page(this.feed.api, this._text, place);
      this._items = [...this._items, ...page.items];
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

  /** Ask for a page. */
  protected abstract page(
    api: IRegistryAPI,
    text: string,
    place: IPlace
  ): Promise<IPage<T>>;

  /** What tells an item from all others. */
  protected abstract key(item: T): string;

  /** Something has changed; null where that may be anything. */
  protected abstract onChanged(event: RegistryEvent | null): void;

  /** Show an item as it is now. */
  protected renew(item: T): void {
    const key = this.key(item);
    this._items = this._items.map(old => (this.key(old) === key ? item : old));
    this._stateChanged.emit();
  }

  /** Let go of what was found. */
  protected forget(): void {
    this._about = null;
    this._asked = null;
    this._items = [];
    this._next = null;
    this._isLoaded = false;
  }

  private _load(limit: number = PAGE): Promise<void> {
    return this._ask(async signal => {
      const text = this._text;
      const { api } = this.feed;
      const isSame = api === this._asked;
      const page = await this.page(api, text, { limit, signal });
      const about = isSame ? this._about : await api.about();
      const rest =
        isSame && text === this._found && page.next !== null
          ? this._after(page.items)
          : [];
      this._about = about;
      this._asked = api;
      this._items = [...page.items, ...rest];
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
      if (this._asked !== this.feed.api) {
        this.forget(); // what is shown is of another registry
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

  private _onChanged(_: RegistryFeed, event: RegistryEvent | null): void {
    this.onChanged(event);
  }

  /** The items that come after those of a newly asked for beginning. */
  private _after(beginning: readonly T[]): T[] {
    const last = beginning.at(-1);
    const at = this._items.findIndex(
      item => last !== undefined && this.key(item) === this.key(last)
    );
    return at < 0 ? [] : this._items.slice(at + 1);
  }

  private _about: About | null = null;
  private _asked: IRegistryAPI | null = null;
  private _debounced: Debouncer<void>;
  private _error: MDKError | null = null;
  private _found: string | null = null;
  private _isDisposed = false;
  private _isLoaded = false;
  private _isSlow = false;
  private _items: T[] = [];
  private _next: string | null = null;
  private _request: AbortController | null = null;
  private _stateChanged = new Signal<this, void>(this);
  private _text = '';
}
