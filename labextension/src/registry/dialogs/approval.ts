import type { PromotionPlan } from '../../types';
import type { IRegistryAPI } from '../api';
import { Draft } from './draft';

/** Somebody's agreement that a version may be published, with what they agree to. */
export class ApprovalDraft extends Draft {
  constructor(
    private readonly _api: IRegistryAPI,
    readonly model: string,
    readonly version: string,
    readonly environments: readonly string[],
    environment: string
  ) {
    super();
    this._environment = environment;
  }

  get environment(): string {
    return this._environment;
  }
  set environment(environment: string) {
    this._environment = environment;
    this._plan = null;
    void this.load();
  }

  get plan(): PromotionPlan | null {
    return this._plan;
  }

  override get isReady(): boolean {
    return super.isReady && this._plan !== null;
  }

  async load(): Promise<void> {
    const environment = this._environment;
    await this.attempt(async () => {
      const plan = await this._api.plan(this.model, this.version, environment);
      if (environment === this._environment) {
        this._plan = plan;
      }
    });
  }

  protected async carryOut(): Promise<void> {
    await this._api.approve(
      this.model,
      this.version,
      this._environment,
      this.reason.trim()
    );
  }

  private _environment: string;
  private _plan: PromotionPlan | null = null;
}
