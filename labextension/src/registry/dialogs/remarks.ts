import type { IRegistryAPI } from '../api';
import { Draft } from './draft';

type Verb = 'quarantine' | 'unquarantine' | 'archive';

/** A version that is put away, or let out again. */
export class StatusDraft extends Draft {
  constructor(
    private readonly _api: IRegistryAPI,
    readonly model: string,
    readonly version: string,
    readonly verb: Verb
  ) {
    super();
  }

  async load(): Promise<void> {
    // There is nothing to be shown before it is done.
  }

  protected async carryOut(): Promise<void> {
    const reason = this.reason.trim();
    await this._api.setStatus(this.model, this.version, this.verb, reason);
  }
}

/** A note on a version, and its labels. */
export class AnnotationDraft extends Draft {
  constructor(
    private readonly _api: IRegistryAPI,
    readonly model: string,
    readonly version: string
  ) {
    super();
  }

  /** The labels, as lines `key=value`; null until they are known. */
  get labels(): string | null {
    return this._labels;
  }
  set labels(labels: string | null) {
    this._labels = labels;
    this.changed();
  }

  override get isReady(): boolean {
    const isChanged =
      this.reason.trim() !== '' || Object.keys(this._change()).length > 0;
    return !this.isBusy && this._labels !== null && isChanged;
  }

  async load(): Promise<void> {
    await this.attempt(async () => {
      const { labels } = await this._api.version(this.model, this.version);
      this._known = labels;
      this._labels = Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join('\n');
    });
  }

  protected async carryOut(): Promise<void> {
    const labels = this._change();
    const note = this.reason.trim();
    await this._api.annotate(this.model, this.version, {
      ...(note ? { note } : {}),
      ...(Object.keys(labels).length ? { labels } : {})
    });
  }

  /** The labels that are to be set; null takes one away. */
  private _change(): Record<string, string | null> {
    const wanted = parseLabels(this._labels ?? '');
    const change: Record<string, string | null> = {};
    for (const key of new Set([
      ...Object.keys(this._known),
      ...Object.keys(wanted)
    ])) {
      const value = wanted[key] ?? null;
      if (value !== (this._known[key] ?? null)) {
        change[key] = value;
      }
    }
    return change;
  }

  private _known: Record<string, string> = {};
  private _labels: string | null = null;
}

/** Read lines `key=value`; what is none is left out. */
export function parseLabels(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [key, ...value] = line.split('=');
    if (key.trim() && value.length) {
      found[key.trim()] = value.join('=').trim();
    }
  }
  return found;
}
