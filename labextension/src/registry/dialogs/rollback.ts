import type {
  AuditRecord,
  Champion,
  Comparison,
  OperationRequest,
  OperationView,
  Version
} from '../../types';
import type { IRegistryAPI } from '../api';
import { Draft } from './draft';

const FAR = 200; // records of the history that are looked through for past champions

/** A version that was the champion, and when it last became that. */
export interface IPast {
  version: string;
  since: string;
  actor: string;
}

/** Past champions of an environment, the last one first, without the one of now. */
export function pastChampions(
  records: readonly AuditRecord[],
  now: string
): IPast[] {
  const found = new Map<string, IPast>();
  for (const { action, version, at, actor } of records) {
    const isChange = action === 'publish' || action === 'rollback';
    if (isChange && version && version !== now && !found.has(version)) {
      found.set(version, { version, since: at, actor });
    }
  }
  return [...found.values()];
}

/** The way back to a past champion, as a dialog prepares it. */
export class RollbackDraft extends Draft {
  constructor(
    private readonly _api: IRegistryAPI,
    readonly model: string,
    readonly environments: readonly string[],
    environment: string,
    to: string | null
  ) {
    super();
    this._environment = environment;
    this._to = to;
  }

  get environment(): string {
    return this._environment;
  }
  set environment(environment: string) {
    this._environment = environment;
    this._to = null;
    this._champion = null;
    this._past = [];
    this._operation = null;
    void this.load();
  }

  get champion(): Champion | null {
    return this._champion;
  }

  get past(): readonly IPast[] {
    return this._past;
  }

  /** The version to go back to; null where there is none. */
  get to(): string | null {
    return this._to;
  }
  set to(version: string | null) {
    this._to = version;
    void this.load();
  }

  get target(): Version | null {
    return this._target;
  }

  get comparison(): Comparison | null {
    return this._comparison;
  }

  get operation(): OperationView | null {
    return this._operation;
  }

  get isProtected(): boolean {
    return this._operation?.protected ?? false;
  }

  /** Whether the version that is left is put into quarantine. */
  get quarantine(): boolean {
    return this._quarantine;
  }
  set quarantine(quarantine: boolean) {
    this._quarantine = quarantine;
    this.changed();
  }

  override get isReady(): boolean {
    const target = this._target;
    return (
      super.isReady &&
      this._champion !== null &&
      target !== null &&
      target.version === this._to &&
      target.status === 'active'
    );
  }

  async load(): Promise<void> {
    const environment = this._environment;
    await this.attempt(async () => {
      const [champion, page] = await Promise.all([
        this._api.champion(this.model, environment),
        this._api.history(this.model, environment, { limit: FAR })
      ]);
      const past = pastChampions(page.items, champion.version.version);
      const target = await this._choose(past);
      if (environment !== this._environment) {
        return;
      }
      this._champion = champion;
      this._past = past;
      this._target = target;
      this._to = target?.version ?? null;
      if (!target) {
        this._comparison = null;
        return;
      }
      const name = this.model;
      [this._comparison, this._operation] = await Promise.all([
        this._api.compare(
          `${name}/${champion.version.version}`,
          `${name}/${target.version}`
        ),
        this._api.operate('rollback', this._request(false))
      ]);
    });
  }

  protected async carryOut(): Promise<void> {
    if (!this._champion || this._to === null) {
      return;
    }
    const { revision } = this._champion;
    if (this.isProtected) {
      const request = { ...this._request(true), revision };
      this._operation = await this._api.operate('rollback', request);
      return;
    }
    await this._api.rollback(
      this.model,
      this._environment,
      this._to,
      this.reason.trim(),
      revision,
      this._quarantine
    );
  }

  /** The version that was chosen, else the last one that may be used. */
  private async _choose(past: readonly IPast[]): Promise<Version | null> {
    if (this._to !== null) {
      return this._api.version(this.model, this._to);
    }
    for (const { version } of past) {
      const found = await this._api.version(this.model, version);
      if (found.status === 'active') {
        return found;
      }
    }
    return null;
  }

  private _request(apply: boolean): OperationRequest {
    return {
      model: this.model,
      version: this._to,
      environment: this._environment,
      reason: this.reason.trim() || null,
      apply
    };
  }

  private _champion: Champion | null = null;
  private _comparison: Comparison | null = null;
  private _environment: string;
  private _operation: OperationView | null = null;
  private _past: IPast[] = [];
  private _quarantine = true;
  private _target: Version | null = null;
  private _to: string | null;
}
