import type {
  AuditRecord,
  Champion,
  Comparison,
  OperationRequest,
  ServingEnvironment,
  Version
} from '../../types';
import type { IRegistryAPI } from '../api';
import { OperationDraft } from './operation';

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
export class RollbackDraft extends OperationDraft {
  constructor(
    api: IRegistryAPI,
    model: string,
    environments: readonly ServingEnvironment[],
    environment: string,
    private _to: string | null
  ) {
    super(api, 'rollback', model, environments, environment);
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

  /** Whether the version that is left is put into quarantine. */
  get quarantine(): boolean {
    return this._quarantine;
  }
  set quarantine(quarantine: boolean) {
    this._quarantine = quarantine;
    if (this.isProtected) {
      void this.load();
    } else {
      this.changed();
    }
  }

  override get isReady(): boolean {
    const target = this._target;
    return (
      super.isReady &&
      this._champion !== null &&
      this.operation !== null &&
      target !== null &&
      target.version === this._to &&
      target.status === 'active'
    );
  }

  async load(): Promise<void> {
    const { environment } = this;
    await this.attempt(async () => {
      const [champion, page] = await Promise.all([
        this.api.champion(this.model, environment),
        this.api.history(this.model, environment, { limit: FAR })
      ]);
      const past = pastChampions(page.items, champion.version.version);
      const target = await this._choose(past);
      if (environment !== this.environment) {
        return; // another one was chosen meanwhile
      }
      this._champion = champion;
      this._past = past;
      this._target = target;
      this._to = target?.version ?? null;
      if (target) {
        const to = `${this.model}/${target.version}`;
        const now = `${this.model}/${champion.version.version}`;
        this._comparison = await this.api.compare(now, to);
        await this.look();
      }
    });
  }

  protected forget(): void {
    this._to = null;
    this._champion = null;
    this._comparison = null;
    this._target = null;
    this._past = [];
  }

  protected wanted(): Partial<OperationRequest> {
    return { version: this._to, quarantine: this._quarantine };
  }

  protected async carryOut(): Promise<void> {
    if (this._champion) {
      await this.operate(this._champion.revision);
    }
  }

  /** The version that was chosen, else the last one that may be used. */
  private async _choose(past: readonly IPast[]): Promise<Version | null> {
    if (this._to !== null) {
      return this.api.version(this.model, this._to);
    }
    for (const { version } of past) {
      const found = await this.api.version(this.model, version);
      if (found.status === 'active') {
        return found;
      }
    }
    return null;
  }

  private _champion: Champion | null = null;
  private _comparison: Comparison | null = null;
  private _past: IPast[] = [];
  private _quarantine = true;
  private _target: Version | null = null;
}
