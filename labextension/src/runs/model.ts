import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { MDKError, segments } from '../client';
import type { IMDKClient, IRunChange, IRuns } from '../tokens';
import type {
  RunEvent,
  RunList,
  RunRequest,
  RunView,
  Scheduled
} from '../types';
import { after } from './events';

/** The schema of the events that tell of runs. */
const RUN_EVENT = 'https://mdk-jupyter.dev/events/run/v1';
/** How often the list is read where no event says that something has changed (ms). */
const FREQUENCY = { interval: 10_000, max: 15_000, backoff: true };
/** How often it is asked for while no server answers: one that was started again is soon noticed (ms). */
const FREQUENCY_AWAY = { interval: 1000, max: 1500, backoff: false };
/** How many runs are read at once. */
const PAGE = 50;

/**
 * The runs that are known, live.
 *
 * Events change what is shown at once; then the run is read again, for what events do not tell. An answer that was
 * asked for before the last event of a run says nothing new about it.
 */
export class Runs implements IRuns, IDisposable {
  constructor(options: Runs.IOptions) {
    this._client = options.client;
    this._events = options.events;
    this._events.stream.connect(this._onEvent, this);
    this._poll = new Poll({
      name: 'mdk-jupyter:runs',
      auto: options.poll ?? true,
      factory: () => this._read(),
      frequency: FREQUENCY,
      standby: 'when-hidden'
    });
  }

  get runs(): readonly RunView[] {
    return this._list;
  }

  get isReady(): boolean {
    return this._isReady;
  }

  get hasMore(): boolean {
    return this._hasMore;
  }

  get error(): string | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  get stateChanged(): ISignal<IRuns, void> {
    return this._stateChanged;
  }

  get runChanged(): ISignal<IRuns, IRunChange> {
    return this._runChanged;
  }

  get(id: string): RunView | undefined {
    return this._runs.get(id);
  }

  async find(id: string): Promise<RunView> {
    const known = this._runs.get(id);
    return known ?? (await this._client.ask<RunView>(segments('runs', id)));
  }

  latest(path: string): RunView | undefined {
    return this._list.find(run => run.source === path);
  }

  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick.catch(() => undefined);
  }

  look(path: string): void {
    if (!this._places.has(path)) {
      this._places.add(path);
      this._untold.add(path);
      void this.refresh();
    }
  }

  async more(): Promise<void> {
    const last = this._list[this._list.length - 1];
    const began = this._now++;
    const older = await this._page(last?.id);
    this._put(older.runs, began);
    this._hasMore = older.runs.length === PAGE;
    this._stateChanged.emit();
  }

  async start(request: RunRequest): Promise<RunView> {
    const run = await this._client.ask<RunView>('runs', {
      method: 'POST',
      body: request
    });
    this._put([run], -1);
    this._stateChanged.emit();
    return this._runs.get(run.id) as RunView;
  }

  schedule(request: RunRequest): Promise<Scheduled> {
    return this._client.ask<Scheduled>('runs', {
      method: 'POST',
      body: request
    });
  }

  async cancel(run: RunView): Promise<void> {
    const began = this._now++;
    const seen = await this._client.ask<RunView>(segments('runs', run.id), {
      method: 'DELETE',
      query: { store: run.store }
    });
    this._put([seen], began);
    this._stateChanged.emit();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._poll.dispose();
    this._events.stream.disconnect(this._onEvent, this);
    Signal.clearData(this);
  }

  private _page(before?: string): Promise<RunList> {
    return this._client.ask<RunList>('runs', {
      query: { limit: PAGE, before }
    });
  }

  private async _read(): Promise<void> {
    const began = this._now++;
    try {
      await this._tellPlaces();
      const { runs } = await this._page();
      const oldest = runs[runs.length - 1]?.id ?? '';
      const told = new Set(runs.map(run => run.id));
      const gone = this._list.filter(
        run =>
          (runs.length < PAGE || run.id > oldest) &&
          !told.has(run.id) &&
          this._isOlder(run.id, began)
      );
      gone.forEach(run => this._runs.delete(run.id));
      this._sorted = null;
      this._put(runs, began);
      if (!this._isReady) {
        this._hasMore = runs.length === PAGE;
      }
      this._isReady = true;
      this._error = null;
      this._poll.frequency = FREQUENCY;
    } catch (reason) {
      this._error = (reason as Error).message;
      this._places.forEach(path => this._untold.add(path)); // a new server knows none
      const isAway = reason instanceof MDKError && reason.status === 0;
      this._poll.frequency = isAway ? FREQUENCY_AWAY : FREQUENCY;
      throw reason; // the poll tries again, later and later
    } finally {
      this._stateChanged.emit();
    }
  }

  /** Let the server know where else runs may be: beside the notebooks that are open. */
  private async _tellPlaces(): Promise<void> {
    for (const path of this._untold) {
      await this._client.ask<RunList>('runs', { query: { path, limit: 1 } });
      this._untold.delete(path);
    }
  }

  private _onEvent(_: unknown, emission: Event.Emission): void {
    if (emission.schema_id !== RUN_EVENT) {
      return;
    }
    const told = emission as unknown as RunEvent;
    if (told.event.kind === 'output') {
      return;
    }
    const known = this._runs.get(told.run);
    this._touched.set(told.run, this._now++);
    if (known) {
      this._set(after(known, told.event));
      this._stateChanged.emit();
    }
    if (!known || told.event.kind === 'run' || told.event.kind === 'step') {
      void this._follow(told.run, told.store);
    }
  }

  /** Read a run until the answer is as new as the last event. */
  private async _follow(id: string, store: string): Promise<void> {
    if (this._following.has(id)) {
      return;
    }
    this._following.add(id);
    try {
      let began: number;
      do {
        began = this._now++;
        const run = await this._client.ask<RunView>(segments('runs', id), {
          query: { store }
        });
        this._put([run], began);
      } while (!this.isDisposed && !this._isOlder(id, began));
    } catch {
      // Then the next reading of the list tells.
    } finally {
      this._following.delete(id);
      this._stateChanged.emit();
    }
  }

  /** Whether no event of a run is newer than a moment. */
  private _isOlder(id: string, moment: number): boolean {
    return (this._touched.get(id) ?? -1) < moment;
  }

  /** Take over runs as they were at a moment. */
  private _put(runs: readonly RunView[], moment: number): void {
    for (const run of runs) {
      if (!this._runs.has(run.id) || this._isOlder(run.id, moment)) {
        this._set(run);
      }
    }
  }

  private _set(run: RunView): void {
    const before = this._runs.get(run.id);
    if (before === run) {
      return;
    }
    this._runs.set(run.id, run);
    this._sorted = null;
    this._runChanged.emit({ run, before });
  }

  /** Newest first; ids begin with the time. */
  private get _list(): readonly RunView[] {
    this._sorted ??= [...this._runs.values()].sort((one, other) =>
      one.id < other.id ? 1 : -1
    );
    return this._sorted;
  }

  private readonly _client: IMDKClient;
  private _error: string | null = null;
  private readonly _events: Event.IManager;
  private readonly _following = new Set<string>();
  private _hasMore = false;
  private _isReady = false;
  private _now = 0;
  private readonly _places = new Set<string>();
  private readonly _poll: Poll;
  private readonly _runChanged = new Signal<IRuns, IRunChange>(this);
  private readonly _runs = new Map<string, RunView>();
  private _sorted: readonly RunView[] | null = null;
  private readonly _stateChanged = new Signal<IRuns, void>(this);
  private readonly _touched = new Map<string, number>();
  private readonly _untold = new Set<string>();
}

export namespace Runs {
  export interface IOptions {
    client: IMDKClient;
    events: Event.IManager;
    /** Whether the list is read by itself; true by default. */
    poll?: boolean;
  }
}
