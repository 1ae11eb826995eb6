import { MDKError } from '../../client';
import type {
  Deployment,
  ModelInfo,
  PromotionPlan,
  Version
} from '../../types';
import type {
  IModelQuery,
  IPage,
  IPlace,
  IRegistryAPI,
  IVersionQuery
} from '../api';

/** A registry that answers from memory, and notes what it was asked. */
export class FakeRegistry {
  readonly path = '';
  readonly asked: unknown[][] = [];
  models_: ModelInfo[] = [];
  versions_: Version[] = [];
  deployments_: Deployment[] = [];
  plan_ = plan();
  isAway = false;
  /** What stands in the way of operations. */
  blocked: string[] = [];
  /** What the next change is refused with. */
  refusal: MDKError | null = null;

  get api(): IRegistryAPI {
    return this as unknown as IRegistryAPI;
  }

  async about() {
    return this.answer('about', {
      registry: { where: 'here', environments: [] },
      environments: []
    });
  }

  async models(query: IModelQuery, place: IPlace = {}) {
    const found = this.models_.filter(one =>
      one.name.includes(query.text ?? '')
    );
    const start = Number(place.cursor ?? 0);
    const end = start + (place.limit ?? 50);
    return this.answer(
      'models',
      {
        items: found.slice(start, end),
        next: end < found.length ? String(end) : null
      },
      query,
      place.limit
    );
  }

  async model(name: string) {
    const found = this.models_.find(one => one.name === name);
    if (!found) {
      throw new MDKError(`there is no model ${name}`, 404);
    }
    return this.answer('model', found, name);
  }

  async versions(name: string, place: IPlace = {}) {
    const start = Number(place.cursor ?? 0);
    const end = start + (place.limit ?? 50);
    return this.answer('versions', {
      items: this.versions_.slice(start, end),
      next: end < this.versions_.length ? String(end) : null
    });
  }

  async version(name: string, number: string) {
    const found = this.versions_.find(one => one.version === number);
    return this.answer('version', found ?? version(1, { version: number }));
  }

  async search(query: IVersionQuery, place: IPlace = {}) {
    const start = Number(place.cursor ?? 0);
    const end = start + (place.limit ?? 50);
    const next = end < this.versions_.length ? String(end) : null;
    const items = this.versions_.slice(start, end);
    return this.answer<IPage<Version>>('search', { items, next }, query);
  }

  async deployments(): Promise<Deployment[]> {
    return this.answer('deployments', this.deployments_);
  }

  async plan() {
    return this.answer('plan', this.plan_);
  }

  async policy() {
    return this.answer('policy', { break_glass: true, approvals: 0 });
  }

  async champion() {
    return this.answer('champion', {
      version: version(3),
      revision: this.plan_.revision
    });
  }

  async history() {
    return this.answer('history', {
      items: [
        record('publish', '1.0.3'),
        record('publish', '1.0.2'),
        record('publish', '1.0.1')
      ],
      next: null
    });
  }

  async compare(a: string, b: string) {
    return this.answer('compare', {
      a,
      b,
      metrics: [],
      parameters: [],
      others: []
    });
  }

  async promote(...args: unknown[]) {
    return this.change('promote', { revision: this.plan_.revision + 1 }, args);
  }

  async operate(verb: string, request: { apply?: boolean }) {
    const view = { applied: !!request.apply, blocked: this.blocked };
    return request.apply
      ? this.change(`operate ${verb}`, view, [request])
      : this.answer(`operate ${verb}`, view, request);
  }

  private change<T>(what: string, value: T, args: unknown[]): T {
    if (this.refusal) {
      const refusal = this.refusal;
      this.refusal = null;
      throw refusal;
    }
    return this.answer(what, value, ...args);
  }

  private answer<T>(what: string, value: unknown, ...args: unknown[]): T {
    this.asked.push([what, ...args]);
    if (this.isAway) {
      throw new MDKError('nobody is there', 503, [], [], 'registry');
    }
    return value as T;
  }
}

export function model(name: string): ModelInfo {
  return {
    name,
    project: 'delays',
    description: null,
    owner: null,
    use_case: null,
    sensitivity: null,
    labels: {},
    created: '2026-11-01T00:00:00Z',
    created_by: 'ada',
    versions: 1,
    newest: '1.0.0',
    champions: {}
  };
}

export function version(n: number, changed: Partial<Version> = {}): Version {
  return {
    model: 'flights',
    version: `1.0.${n}`,
    n,
    metrics: {},
    status: 'active',
    places: {},
    project: 'delays',
    ...changed
  } as Version;
}

export function plan(changed: Partial<PromotionPlan> = {}): PromotionPlan {
  return {
    model: 'flights',
    environment: 'stage',
    champion: '1.0.1',
    candidate: '1.0.2',
    place: null,
    metrics: [],
    gates: [],
    approvals: [],
    approvals_needed: 0,
    may_promote: true,
    may_publish: true,
    revision: 7,
    ...changed
  };
}

function record(action: string, number: string) {
  return { action, version: number, at: '2026-11-01T00:00:00Z', actor: 'ada' };
}
