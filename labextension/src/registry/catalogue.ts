import type { ModelInfo, RegistryEvent } from '../types';
import type { IPage, IPlace, IRegistryAPI } from './api';
import { Listing } from './listing';
import { parseQuery } from './query';

/** The models that are found, by name. */
export class Catalogue extends Listing<ModelInfo> {
  get models(): readonly ModelInfo[] {
    return this.items;
  }

  protected page(
    api: IRegistryAPI,
    text: string,
    place: IPlace
  ): Promise<IPage<ModelInfo>> {
    return api.models(parseQuery(text).models, place);
  }

  protected key(model: ModelInfo): string {
    return model.name;
  }

  protected onChanged(event: RegistryEvent | null): void {
    if (this.items.some(({ name }) => name === event?.model)) {
      void this._renew(event!.model);
    } else {
      void this.refresh();
    }
  }

  private async _renew(name: string): Promise<void> {
    try {
      this.renew(await this.feed.api.model(name));
    } catch {
      void this.refresh();
    }
  }
}
