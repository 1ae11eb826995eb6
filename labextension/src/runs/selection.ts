import { ISignal, Signal } from '@lumino/signaling';

/** The runs that are chosen for a comparison: two at most, the newest choices. */
export class Selection {
  get ids(): readonly string[] {
    return this._ids;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  has(id: string): boolean {
    return this._ids.includes(id);
  }

  toggle(id: string): void {
    this._ids = this.has(id)
      ? this._ids.filter(other => other !== id)
      : [...this._ids, id].slice(-2);
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _ids: string[] = [];
}
