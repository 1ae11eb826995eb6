import type {
  Deployment,
  GateResult,
  OperationRequest,
  OperationView,
  Policy,
  PromotionPlan,
  Version
} from '../../types';
import type { IRegistryAPI } from '../api';
import { Draft } from './draft';

const REASON = 3; // letters that the reason of a waiver needs

/** What became of a promotion. */
export interface IPromoted {
  kind: 'champion' | 'staged' | 'proposed';
  environment: string;
  operation: OperationView | null;
}

/** The promotion of a version into an environment, as a dialog prepares it. */
export class PromotionDraft extends Draft {
  constructor(
    private readonly _api: IRegistryAPI,
    readonly model: string,
    readonly number: string,
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
    this._exceptions.clear();
    this._breakGlass = null;
    this._plan = null;
    this._operation = null;
    void this.load();
  }

  get version(): Version | null {
    return this._version;
  }

  get plan(): PromotionPlan | null {
    return this._plan;
  }

  get deployment(): Deployment | undefined {
    return this._deployments.find(one => one.environment === this._environment);
  }

  get policy(): Policy | null {
    return this._policy;
  }

  /** What git would get, where the environment is protected. */
  get operation(): OperationView | null {
    return this._operation;
  }

  get isProtected(): boolean {
    return this._operation?.protected ?? false;
  }

  /** Whether it only moves on, and the champion stays. */
  get onlyStage(): boolean {
    return this._onlyStage && !this.isProtected;
  }
  set onlyStage(onlyStage: boolean) {
    this._onlyStage = onlyStage;
    this.changed();
  }

  /** Why all gates are passed by; null while they are not. */
  get breakGlass(): string | null {
    return this._breakGlass;
  }
  set breakGlass(reason: string | null) {
    this._breakGlass = reason;
    this.changed();
  }

  /** Whether the gates may be passed by: a protected environment changes through git alone. */
  get mayBreakGlass(): boolean {
    return !!this._policy?.break_glass && !this.isProtected;
  }

  /** Why a gate is set aside; undefined where it is not. */
  waiver(gate: string): string | undefined {
    return this._exceptions.get(gate);
  }

  waive(gate: string, reason: string | undefined): void {
    if (reason === undefined) {
      this._exceptions.delete(gate);
    } else {
      this._exceptions.set(gate, reason);
    }
    this.changed();
  }

  /** The gates that matter for what is chosen. That it is promoted at all is done in the same go. */
  get gates(): readonly GateResult[] {
    return (this._plan?.gates ?? []).filter(
      gate =>
        gate.gate !== 'promoted' &&
        (gate.needed_for === 'promote' || !this.onlyStage)
    );
  }

  /** The gates that stand in the way. In a protected environment, people agree in the review. */
  get blocking(): readonly GateResult[] {
    return this.gates.filter(
      gate =>
        !gate.passed &&
        !this._exceptions.has(gate.gate) &&
        !(this.isProtected && gate.gate === 'approvals')
    );
  }

  /** Whether there is nothing to do. */
  get isChampion(): boolean {
    return this._plan?.champion === this.number;
  }

  override get isReady(): boolean {
    const waived = [...this._exceptions.values()];
    const passes =
      this._breakGlass === null
        ? this.blocking.length === 0
        : this._breakGlass.trim() !== '';
    return (
      super.isReady &&
      this._plan !== null &&
      this._version?.status === 'active' &&
      !this.isChampion &&
      waived.every(reason => reason.trim().length >= REASON) &&
      passes
    );
  }

  /** What was done. */
  get outcome(): IPromoted | null {
    return this._outcome;
  }

  async load(): Promise<void> {
    const environment = this._environment;
    await this.attempt(async () => {
      const [version, deployments, plan, operation] = await Promise.all([
        this._api.version(this.model, this.number),
        this._api.deployments(this.model),
        this._api.plan(this.model, this.number, environment),
        this._api.operate('promote', this._request(environment, false))
      ]);
      const policy = await this._api.policy(environment, version.project);
      if (environment !== this._environment) {
        return; // another one was chosen meanwhile
      }
      this._version = version;
      this._deployments = deployments;
      this._plan = plan;
      this._policy = policy;
      this._operation = operation;
    });
  }

  protected async carryOut(): Promise<void> {
    const environment = this._environment;
    if (!this._plan) {
      return;
    }
    if (
      !this._operation ||
      this.onlyStage ||
      this._exceptions.size ||
      this._breakGlass !== null
    ) {
      await this._ask(this._plan.revision);
      const kind = this.onlyStage ? 'staged' : 'champion';
      this._outcome = { kind, environment, operation: null };
      return;
    }
    const request = this._request(environment, true, this._plan.revision);
    const operation = await this._api.operate('promote', request);
    const kind = operation?.protected ? 'proposed' : 'champion';
    this._outcome = { kind, environment, operation };
  }

  /** Ask the registry itself: operations know neither exceptions nor staging. */
  private async _ask(revision: number): Promise<void> {
    const exceptions = {
      waivers: [...this._exceptions].map(([gate, reason]) => ({
        gate,
        reason: reason.trim()
      })),
      breakGlass: this._breakGlass?.trim()
    };
    const where = [this.model, this.number, this._environment] as const;
    const reason = this.reason.trim();
    const moved = await this._api.promote(
      ...where,
      reason,
      revision,
      exceptions
    );
    if (!this.onlyStage) {
      await this._api.publish(...where, reason, moved.revision, exceptions);
    }
  }

  private _request(
    environment: string,
    apply: boolean,
    revision: number | null = null
  ): OperationRequest {
    return {
      model: this.model,
      version: this.number,
      environment,
      reason: this.reason.trim() || null,
      apply,
      revision
    };
  }

  private _breakGlass: string | null = null;
  private _deployments: Deployment[] = [];
  private _environment: string;
  private _exceptions = new Map<string, string>();
  private _onlyStage = false;
  private _operation: OperationView | null = null;
  private _outcome: IPromoted | null = null;
  private _plan: PromotionPlan | null = null;
  private _policy: Policy | null = null;
  private _version: Version | null = null;
}
