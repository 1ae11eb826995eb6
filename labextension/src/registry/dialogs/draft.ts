import { type ISignal, Signal } from '@lumino/signaling';

import { MDKError } from '../../client';

const STALE = 412;

/** A change that is being prepared in a dialog: looked at first, then carried out, or refused and looked at anew. */
export abstract class Draft {
  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  /** Whether an answer is on its way. */
  get isBusy(): boolean {
    return this._waiting > 0;
  }

  /** Why it cannot be looked at, or was refused. */
  get error(): MDKError | null {
    return this._error;
  }

  /** Whether something changed after it was shown; what is shown now is new. */
  get isStale(): boolean {
    return this._isStale;
  }

  /** Why it is done; it is kept in the history. */
  get reason(): string {
    return this._reason;
  }
  set reason(reason: string) {
    this._reason = reason;
    this.changed();
  }

  /** Whether all is there that it takes. */
  get isReady(): boolean {
    return !this.isBusy && this._reason.trim() !== '';
  }

  /** Carry it out. Return whether it was done; if not, `error` says why and the dialog stays. */
  async submit(): Promise<boolean> {
    if (!this.isReady) {
      return false;
    }
    this._isStale = false;
    await this.attempt(() => this.carryOut());
    if (this._error?.status === STALE) {
      const error = this._error;
      await this.load();
      this._isStale = this._error === null;
      this._error = this._error ?? error;
      this.changed();
    }
    return this._error === null;
  }

  /** Ask for what is shown. */
  abstract load(): Promise<void>;

  protected abstract carryOut(): Promise<void>;

  protected changed(): void {
    this._stateChanged.emit();
  }

  protected async attempt(work: () => Promise<void>): Promise<void> {
    this._waiting += 1;
    this._error = null;
    this.changed();
    try {
      await work();
    } catch (error) {
      if (!(error instanceof MDKError)) {
        throw error;
      }
      this._error = error;
    } finally {
      this._waiting -= 1;
      this.changed();
    }
  }

  private _error: MDKError | null = null;
  private _isStale = false;
  private _reason = '';
  private _stateChanged = new Signal<this, void>(this);
  private _waiting = 0;
}
