import { Debouncer } from '@lumino/polling';

import type { Version } from '../types';
import type { IPage, IPlace, IRegistryAPI } from './api';
import { Listing } from './listing';
import { parseQuery } from './query';

const PAUSE = 500; // milliseconds in which several changes are one

/** The versions of all models that are found, the newest first. */
export class VersionSearch extends Listing<Version> {
  /** Whether somebody looks at it; changes wait until then. */
  get isActive(): boolean {
    return this._isActive;
  }
  set isActive(isActive: boolean) {
    this._isActive = isActive;
  }

  override dispose(): void {
    this._changes.dispose();
    super.dispose();
  }

  protected page(
    api: IRegistryAPI,
    text: string,
    place: IPlace
  ): Promise<IPage<Version>> {
    return api.search(parseQuery(text).versions, place);
  }

  protected key({ model, version }: Version): string {
    return `${model}/${version}`;
  }

  protected onChanged(): void {
    if (this._isActive) {
      void this._changes.invoke().catch(() => undefined);
    } else {
      this.forget();
    }
  }

  private _changes = new Debouncer(() => this.refresh(), PAUSE);
  private _isActive = false;
}
