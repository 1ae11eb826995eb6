import { UUID } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { MDKError, type MDKClient } from '../client';
import type { Checked } from '../types';

/** How long nobody must have typed before a check, and how long it waits at most (ms). */
const QUIET = 350;
const PATIENCE = 1500;
/** When to try again where the server was away (ms). */
const AGAIN = 5000;

/** What is to be checked. */
export interface ISubject {
  path: string;
  content: unknown;
}

/**
 * Checks what is edited, some time after it was edited, one question after the other.
 *
 * What was checked before is not sent again: outputs that arrive and saving cost no request.
 */
export class Checking implements IDisposable {
  constructor(client: MDKClient, subject: () => ISubject | null) {
    this._client = client;
    this._subject = subject;
  }

  /** The last answer; null before the first. */
  get checked(): Checked | null {
    return this._checked;
  }

  /** Why the last question has no answer. */
  get error(): string | null {
    return this._error;
  }

  /** Whether edits may be there that the answer does not know. */
  get isPending(): boolean {
    return (
      this._timer !== null || this._running !== null || this._asking !== null
    );
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Emitted when a check begins, when it ends, and when it is not needed; not at each edit. */
  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  /** Note an edit. */
  edited(): void {
    const now = Date.now();
    this._since ??= now;
    const left = this._since + PATIENCE - now;
    this._wait(Math.max(0, Math.min(QUIET, left)));
  }

  /** Check now, even what was checked before. */
  async refresh(): Promise<void> {
    this._sent = null;
    await this._check();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._stop();
    this._running?.abort();
    Signal.clearData(this);
  }

  private _wait(delay: number): void {
    if (this._timer !== null) {
      window.clearTimeout(this._timer);
    }
    this._timer = window.setTimeout(() => void this._check(), delay);
  }

  private _stop(): void {
    if (this._timer !== null) {
      window.clearTimeout(this._timer);
    }
    this._timer = null;
    this._since = null;
  }

  private async _check(): Promise<void> {
    this._stop();
    if (this._asking) {
      this._isDue = true;
    } else if (this._fresh()) {
      this._asking = this._askAll();
    } else {
      this._stateChanged.emit(); // nothing is pending any more
    }
    await this._asking;
  }

  /** Ask, and again when it was edited meanwhile; one after the other, or the server might take them in another order. */
  private async _askAll(): Promise<void> {
    for (
      let next = this._fresh();
      next;
      next = this._isDue ? this._fresh() : null
    ) {
      this._isDue = false;
      await this._ask(...next);
    }
    this._asking = null;
    if (!this._isDisposed) {
      this._stateChanged.emit();
    }
  }

  /** What is to be checked, and its text; null where that was sent already. */
  private _fresh(): [ISubject, string] | null {
    const subject = this._isDisposed ? null : this._subject();
    const text = JSON.stringify(subject);
    return subject && text !== this._sent ? [subject, text] : null;
  }

  private async _ask(subject: ISubject, text: string): Promise<void> {
    this._sent = text;
    const running = (this._running = new AbortController());
    this._stateChanged.emit();
    let answer: Checked | null = null;
    let error: unknown = null;
    try {
      answer = await this._client.ask<Checked>('check', {
        method: 'POST',
        body: { ...subject, client: this._id },
        signal: running.signal
      });
    } catch (reason) {
      error = reason;
    }
    this._running = null;
    if (!this._isDisposed) {
      this._settle(answer, error);
    }
  }

  private _settle(answer: Checked | null, error: unknown): void {
    this._checked = answer ?? this._checked;
    this._error = error instanceof Error ? error.message : null;
    if (error) {
      this._sent = null;
      if (
        error instanceof MDKError &&
        [0, 502, 503, 504].includes(error.status)
      ) {
        this._wait(AGAIN);
      }
    }
  }

  private readonly _client: MDKClient;
  private readonly _subject: () => ISubject | null;
  private readonly _id = UUID.uuid4();
  private readonly _stateChanged = new Signal<this, void>(this);
  private _asking: Promise<void> | null = null;
  private _checked: Checked | null = null;
  private _error: string | null = null;
  private _isDisposed = false;
  private _isDue = false;
  private _running: AbortController | null = null;
  private _sent: string | null = null;
  private _since: number | null = null;
  private _timer: number | null = null;
}
