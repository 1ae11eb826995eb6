import { Debouncer } from '@lumino/polling';

import { MDKError } from '../../client';
import type {
  OperationRequest,
  OperationView,
  ServingEnvironment
} from '../../types';
import type { IRegistryAPI, OperationVerb } from '../api';
import { Draft } from './draft';

const PAUSE = 500; // milliseconds after the last key before what git would get is shown anew

/** A change of what an environment serves, as a dialog prepares it. In a protected environment git gets it. */
export abstract class OperationDraft extends Draft {
  constructor(
    protected readonly api: IRegistryAPI,
    private readonly _verb: OperationVerb,
    readonly model: string,
    readonly environments: readonly ServingEnvironment[],
    environment: string
  ) {
    super();
    this._environment = environment;
    this._debounced = new Debouncer(() => this._lookAgain(), PAUSE);
  }

  get environment(): string {
    return this._environment;
  }
  set environment(environment: string) {
    this._environment = environment;
    this._operation = null;
    this.forget();
    void this.load();
  }

  /** Whether the environment changes through git alone. */
  get isProtected(): boolean {
    return !!this.environments.find(one => one.name === this._environment)
      ?.protected;
  }

  /** What would be done, and what was done in the end. */
  get operation(): OperationView | null {
    return this._operation;
  }

  /** Forget what was known of another environment. */
  protected abstract forget(): void;

  /** What is asked for, beside what all operations have. */
  protected abstract wanted(): Partial<OperationRequest>;

  /** What is shown depends on this; when it changes, it is asked for again. */
  protected get subject(): string {
    return this.isProtected ? this.reason : '';
  }

  /** Whether what would be done can be asked for again. */
  protected get isLookable(): boolean {
    return this._operation !== null;
  }

  /** Ask what would be done. */
  protected async look(): Promise<void> {
    const environment = this._environment;
    // The look at a rollback needs a reason as well; the one that is given in the end takes its place.
    const request = { ...this._request(), reason: this.reason.trim() || '…' };
    const operation = await this.api.operate(this._verb, request);
    if (environment === this._environment) {
      this._operation = operation;
    }
  }

  /** Do it, if the registry is as it was shown. */
  protected async operate(revision: number): Promise<OperationView> {
    const request = { ...this._request(), apply: true, revision };
    this._operation = await this.api.operate(this._verb, request);
    return this._operation;
  }

  protected override changed(): void {
    super.changed();
    if (this.isLookable && this._told !== this.subject) {
      this._told = this.subject;
      void this._debounced.invoke().catch(() => undefined);
    }
  }

  /** Ask again for what is shown, after a change. */
  protected async lookAgain(): Promise<void> {
    try {
      await this.look();
      super.changed();
    } catch (error) {
      if (!(error instanceof MDKError)) {
        throw error;
      }
      // What was shown stays; what is wrong shows when it is to be done.
    }
  }

  private async _lookAgain(): Promise<void> {
    if (this._operation?.applied || !this.isLookable) {
      return;
    }
    if (this.isBusy) {
      void this._debounced.invoke().catch(() => undefined);
      return;
    }
    await this.lookAgain();
  }

  private _request(): OperationRequest {
    return {
      model: this.model,
      environment: this._environment,
      reason: this.reason.trim() || null,
      ...this.wanted()
    };
  }

  private _debounced: Debouncer<void>;
  private _environment: string;
  private _operation: OperationView | null = null;
  private _told = '';
}
