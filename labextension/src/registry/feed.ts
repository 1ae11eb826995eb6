import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import type { RegistryEvent } from '../types';
import type { IRegistryAPI } from './api';

/** The schema of the event that tells of a change. */
export const REGISTRY_EVENT = 'https://mdk-jupyter.dev/events/registry/v1';

const LONGEST = 120_000; // milliseconds between two questions while the registry is away

/**
 * Tells of changes of the registry: at once by the server's events, else by asking now and then.
 *
 * `changed` carries the event, or null where anything may have changed.
 */
export class RegistryFeed implements IDisposable {
  constructor(
    api: IRegistryAPI,
    private readonly _stream: Event.Stream | null,
    seconds: number
  ) {
    this._api = api;
    this._stream?.connect(this._onEvent, this);
    this._poll = new Poll({
      auto: false,
      factory: () => this._ask(),
      frequency: { interval: seconds * 1000, backoff: true, max: LONGEST },
      name: 'mdk-jupyter:registry'
    });
    // The first page of models is asked for by who shows it: a question now would be one too many.
    void this._poll.schedule({
      interval: seconds * 1000,
      phase: 'started'
    });
  }

  get changed(): ISignal<this, RegistryEvent | null> {
    return this._changed;
  }

  /** Which registry is asked. */
  get api(): IRegistryAPI {
    return this._api;
  }
  set api(api: IRegistryAPI) {
    this._api = api;
    this._changed.emit(null);
  }

  /** Seconds between two questions. */
  get seconds(): number {
    return this._poll.frequency.interval / 1000;
  }
  set seconds(seconds: number) {
    this._poll.frequency = {
      ...this._poll.frequency,
      interval: seconds * 1000
    };
  }

  /** Ask now, and again in the usual rhythm. */
  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick.catch(() => undefined);
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  private async _ask(): Promise<void> {
    // A small question, whose failure lets the poll wait longer and longer.
    try {
      await this._api.models({}, { limit: 1 });
    } finally {
      this._changed.emit(null);
    }
  }

  private _onEvent(_: Event.IManager, event: Event.Emission): void {
    if (event.schema_id === REGISTRY_EVENT) {
      const told = event as unknown as RegistryEvent;
      this._changed.emit(told.model ? told : null);
    }
  }

  private _api: IRegistryAPI;
  private _changed = new Signal<this, RegistryEvent | null>(this);
  private _poll: Poll;
}
