import type { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';

import { type Draft, withText } from './parameters';

const KEY = 'mdk-jupyter:parameters';

/** What was typed for the parameters of each notebook; it outlives a reload of the page. */
export class Drafts {
  constructor(state: IStateDB | null) {
    this._state = state;
    void this._restore();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get(path: string): Draft {
    return this._drafts[path] ?? {};
  }

  /** Note what was typed; undefined takes a parameter back to its default. */
  set(path: string, name: string, text: string | undefined): void {
    const draft = withText(this.get(path), name, text);
    this._drafts = { ...this._drafts, [path]: draft };
    this._changed.emit();
    void this._state?.save(KEY, this._drafts);
  }

  private async _restore(): Promise<void> {
    const kept = (await this._state?.fetch(KEY)) as Record<string, Draft>;
    this._drafts = { ...kept, ...this._drafts };
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _drafts: Record<string, Draft> = {};
  private readonly _state: IStateDB | null;
}
