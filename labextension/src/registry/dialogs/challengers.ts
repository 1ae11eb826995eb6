import type {
  Deployment,
  OperationRequest,
  ServingEnvironment,
  Version
} from '../../types';
import type { IRegistryAPI } from '../api';
import { OperationDraft } from './operation';

const FAR = 200; // versions that are offered, the newest ones
const FIRST = '10'; // percent that a new challenger is offered
const WHOLE = 100; // percent

/** A challenger as it is typed. */
export interface IShare {
  readonly version: string;
  /** Percent of the traffic. */
  readonly percent: string;
}

/** The challengers of an environment's champion, as a dialog prepares them. */
export class ChallengersDraft extends OperationDraft {
  constructor(
    api: IRegistryAPI,
    model: string,
    environments: readonly ServingEnvironment[],
    environment: string,
    private readonly _first: string | null
  ) {
    super(api, 'challengers', model, environments, environment);
  }

  get deployment(): Deployment | undefined {
    return this._deployments.find(one => one.environment === this.environment);
  }

  /** Whether it is known what there is. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  get champion(): string | null {
    return this.deployment?.champion ?? null;
  }

  get shares(): readonly IShare[] {
    return this._shares;
  }

  /** What the champion has; null while a share is no whole percent. */
  get rest(): number | null {
    const shares = this._shares.map(({ percent }) => whole(percent));
    return shares.includes(null)
      ? null
      : shares.reduce<number>((rest, share) => rest - share!, WHOLE);
  }

  /** The versions that a challenger can be: those that may be used, and are not named otherwise. */
  offered(index: number = this._shares.length): readonly Version[] {
    const others = this._shares
      .filter((_, other) => other !== index)
      .map(({ version }) => version);
    return this._versions.filter(
      ({ version, status }) =>
        (status === 'active' || version === this._shares[index]?.version) &&
        version !== this.champion &&
        !others.includes(version)
    );
  }

  add(version: string = this.offered()[0].version): void {
    this._shares = [...this._shares, { version, percent: FIRST }];
    this.changed();
  }

  set(index: number, change: Partial<IShare>): void {
    this._shares = this._shares.map((share, other) =>
      other === index ? { ...share, ...change } : share
    );
    this.changed();
  }

  remove(index: number): void {
    this._shares = this._shares.filter((_, other) => other !== index);
    this.changed();
  }

  /** Whether it is other than it is now. */
  get isChanged(): boolean {
    return text(this._wanted()) !== text(this._now());
  }

  /** Whether the plan that is shown is that of what is typed. */
  get isShown(): boolean {
    return this.operation !== null && this._looked === text(this._wanted());
  }

  override get isReady(): boolean {
    return (
      super.isReady &&
      this.isLookable &&
      this.isShown &&
      (this.isProtected || this.operation!.blocked.length === 0)
    );
  }

  async load(): Promise<void> {
    const { environment } = this;
    await this.attempt(async () => {
      const [deployments, page] = await Promise.all([
        this.api.deployments(this.model),
        this.api.versions(this.model, { limit: FAR })
      ]);
      if (environment !== this.environment) {
        return; // another one was chosen meanwhile
      }
      this._deployments = deployments;
      this._versions = page.items;
      this._looked = null;
      if (!this._isLoaded) {
        this._isLoaded = true;
        this._begin();
      }
    });
  }

  protected forget(): void {
    this._isLoaded = false;
    this._shares = [];
  }

  protected override get subject(): string {
    const revision = this.deployment?.revision;
    const wanted = text(this._wanted());
    return [super.subject, this.environment, revision, wanted].join(' ');
  }

  protected override get isLookable(): boolean {
    const { rest } = this;
    return this._isLoaded && rest !== null && rest >= 0 && this.isChanged;
  }

  protected override async lookAgain(): Promise<void> {
    const wanted = text(this._wanted());
    await this.attempt(async () => {
      await this.look();
      this._looked = wanted;
    });
  }

  protected wanted(): Partial<OperationRequest> {
    return { challengers: this._wanted() };
  }

  protected async carryOut(): Promise<void> {
    await this.operate(this.deployment!.revision);
  }

  /** Start from what there is, and the version that was pointed at. */
  private _begin(): void {
    const now = Object.entries(this._now());
    this._shares = now.map(([version, percent]) => ({
      version,
      percent: String(percent)
    }));
    const first = this.offered().find(one => one.version === this._first);
    if (first && this.champion) {
      this.add(first.version);
    }
  }

  private _wanted(): Record<string, number> {
    return Object.fromEntries(
      this._shares.map(({ version, percent }) => [version, whole(percent) ?? 0])
    );
  }

  private _now(): Record<string, number> {
    const placements = this.deployment?.placements ?? [];
    return Object.fromEntries(
      placements
        .filter(({ place }) => place === 'challenger')
        .map(({ version, percent }) => [version, percent ?? 0])
    );
  }

  private _deployments: Deployment[] = [];
  private _isLoaded = false;
  private _looked: string | null = null;
  private _shares: readonly IShare[] = [];
  private _versions: readonly Version[] = [];
}

/** A share as it is typed, in percent; null where it is none. */
export function whole(percent: string): number | null {
  const typed = percent.trim();
  return /^\d{1,3}$/.test(typed) && Number(typed) <= WHOLE
    ? Number(typed)
    : null;
}

/** Shares, so that equal ones are equal. */
function text(shares: Readonly<Record<string, number>>): string {
  return JSON.stringify(Object.entries(shares).sort());
}
