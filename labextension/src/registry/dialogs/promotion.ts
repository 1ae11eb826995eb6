import type {
  Deployment,
  GateResult,
  OperationRequest,
  Policy,
  PromotionPlan,
  ServingEnvironment,
  Version,
  Waiver
} from '../../types';
import type { IRegistryAPI } from '../api';
import { OperationDraft } from './operation';

const REASON = 3; // letters that the reason of a waiver needs

/** The promotion of a version into an environment, as a dialog prepares it. */
export class PromotionDraft extends OperationDraft {
  constructor(
    api: IRegistryAPI,
    model: string,
    readonly number: string,
    environments: readonly ServingEnvironment[],
    environment: string
  ) {
    super(api, 'promote', model, environments, environment);
  }

  get version(): Version | null {
    return this._version;
  }

  get plan(): PromotionPlan | null {
    return this._plan;
  }

  get deployment(): Deployment | undefined {
    return this._deployments.find(one => one.environment === this.environment);
  }

  get policy(): Policy | null {
    return this._policy;
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

  /** The gates that stand in the way. In a protected environment, they do that when the change is merged. */
  get blocking(): readonly GateResult[] {
    return this.gates.filter(
      gate => !gate.passed && !this._exceptions.has(gate.gate)
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
        ? this.blocking.length === 0 || this.isProtected
        : this._breakGlass.trim() !== '';
    return (
      super.isReady &&
      this._plan !== null &&
      this._version?.status === 'active' &&
      !this.isChampion &&
      (this.onlyStage || this.operation !== null) &&
      waived.every(reason => reason.trim().length >= REASON) &&
      passes
    );
  }

  async load(): Promise<void> {
    const { environment } = this;
    await this.attempt(async () => {
      const [version, deployments, plan] = await Promise.all([
        this.api.version(this.model, this.number),
        this.api.deployments(this.model),
        this.api.plan(this.model, this.number, environment)
      ]);
      const policy = await this.api.policy(environment, version.project);
      if (environment !== this.environment) {
        return; // another one was chosen meanwhile
      }
      this._version = version;
      this._deployments = deployments;
      this._plan = plan;
      this._policy = policy;
      if (!this.isChampion) {
        await this.look();
      }
    });
  }

  protected forget(): void {
    this._exceptions.clear();
    this._breakGlass = null;
    this._plan = null;
  }

  protected wanted(): Partial<OperationRequest> {
    return {
      version: this.number,
      waivers: this._waivers(),
      break_glass: this._breakGlass?.trim() || null
    };
  }

  protected async carryOut(): Promise<void> {
    if (!this._plan) {
      return;
    }
    const { revision } = this._plan;
    if (!this.onlyStage) {
      await this.operate(revision);
      return;
    }
    const how = {
      waivers: this._waivers(),
      breakGlass: this._breakGlass?.trim()
    };
    const where = [this.model, this.number, this.environment] as const;
    await this.api.promote(...where, this.reason.trim(), revision, how);
  }

  private _waivers(): Waiver[] {
    return [...this._exceptions]
      .map(([gate, reason]) => ({ gate, reason: reason.trim() }))
      .filter(({ reason }) => reason.length >= REASON);
  }

  private _breakGlass: string | null = null;
  private _deployments: Deployment[] = [];
  private _exceptions = new Map<string, string>();
  private _onlyStage = false;
  private _plan: PromotionPlan | null = null;
  private _policy: Policy | null = null;
  private _version: Version | null = null;
}
