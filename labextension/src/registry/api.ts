import { MDKClient, segments } from '../client';
import type {
  About,
  Approval,
  AuditRecord,
  Champion,
  Comparison,
  Deployment,
  Graph,
  ModelInfo,
  OperationRequest,
  OperationView,
  Policy,
  Promotion,
  PromotionPlan,
  Version,
  Waiver
} from '../types';

/** Some of a longer list. `next` is the `cursor` of the next page, null at the end. */
export interface IPage<T> {
  items: T[];
  next: string | null;
}

/** What can be done about where versions serve. */
export type OperationVerb = 'promote' | 'rollback' | 'challengers';

/** What models to list. */
export interface IModelQuery {
  text?: string;
  project?: string;
  label?: string[];
  champion_in?: string;
}

/** What versions to look for, over all models. */
export interface IVersionQuery extends IModelQuery {
  /** Conditions such as `auc>0.8`. */
  metric?: string[];
  trained_by?: string;
  /** ISO moments. */
  since?: string;
  until?: string;
  status?: string;
}

/** Where in a list to go on, and how far. */
export interface IPlace {
  cursor?: string;
  limit?: number;
  signal?: AbortSignal;
}

/** Why gates are passed by. */
export interface IExceptions {
  waivers?: Waiver[];
  breakGlass?: string;
}

/** What the registry of one project can be asked, as its HTTP API has it. */
export interface IRegistryAPI {
  /** Contents path from which mdk.yaml is looked for; it names the registry. */
  readonly path: string;
  about(): Promise<About>;
  models(query: IModelQuery, place?: IPlace): Promise<IPage<ModelInfo>>;
  model(name: string): Promise<ModelInfo>;
  versions(name: string, place?: IPlace): Promise<IPage<Version>>;
  version(name: string, version: string): Promise<Version>;
  search(query: IVersionQuery, place?: IPlace): Promise<IPage<Version>>;
  deployments(name: string): Promise<Deployment[]>;
  champion(name: string, environment: string): Promise<Champion>;
  history(
    name: string,
    environment?: string,
    place?: IPlace
  ): Promise<IPage<AuditRecord>>;
  compare(a: string, b: string): Promise<Comparison>;
  lineage(reference: string): Promise<Graph>;
  policy(environment: string, project: string): Promise<Policy>;
  plan(
    name: string,
    version: string,
    environment: string
  ): Promise<PromotionPlan>;
  promote(
    name: string,
    version: string,
    environment: string,
    reason: string,
    revision: number,
    exceptions: IExceptions
  ): Promise<Promotion>;
  approve(
    name: string,
    version: string,
    environment: string,
    comment: string
  ): Promise<Approval>;
  setStatus(
    name: string,
    version: string,
    verb: 'quarantine' | 'unquarantine' | 'archive',
    reason: string
  ): Promise<Version>;
  annotate(
    name: string,
    version: string,
    change: {
      note?: string;
      card?: string;
      labels?: Record<string, string | null>;
    }
  ): Promise<Version>;
  operate(
    verb: OperationVerb,
    request: OperationRequest
  ): Promise<OperationView>;
}

/** The registry behind the server, asked through the one client. */
export class RegistryAPI implements IRegistryAPI {
  constructor(
    private readonly _client: MDKClient,
    readonly path: string
  ) {}

  about(): Promise<About> {
    return this._client.ask('about', { query: { path: this.path } });
  }

  models(query: IModelQuery, place: IPlace = {}): Promise<IPage<ModelInfo>> {
    const { signal, ...where } = place;
    return this._get('models', { ...query, ...where }, signal);
  }

  model(name: string): Promise<ModelInfo> {
    return this._get(segments('models', name));
  }

  versions(name: string, place: IPlace = {}): Promise<IPage<Version>> {
    const { signal, ...where } = place;
    return this._get(segments('models', name, 'versions'), where, signal);
  }

  version(name: string, version: string): Promise<Version> {
    return this._get(segments('models', name, 'versions', version));
  }

  search(query: IVersionQuery, place: IPlace = {}): Promise<IPage<Version>> {
    const { signal, ...where } = place;
    return this._get('versions', { ...query, ...where }, signal);
  }

  deployments(name: string): Promise<Deployment[]> {
    return this._get(segments('models', name, 'deployments'));
  }

  champion(name: string, environment: string): Promise<Champion> {
    return this._get(segments('models', name, 'champions', environment));
  }

  history(
    name: string,
    environment?: string,
    place: IPlace = {}
  ): Promise<IPage<AuditRecord>> {
    const { signal, ...where } = place;
    const query = { environment, ...where };
    return this._get(segments('models', name, 'history'), query, signal);
  }

  compare(a: string, b: string): Promise<Comparison> {
    return this._get('compare', { a, b });
  }

  lineage(reference: string): Promise<Graph> {
    return this._get('lineage', { reference });
  }

  policy(environment: string, project: string): Promise<Policy> {
    return this._get(segments('policies', environment), { project });
  }

  plan(
    name: string,
    version: string,
    environment: string
  ): Promise<PromotionPlan> {
    const path = segments('models', name, 'versions', version, 'plan');
    return this._get(path, { environment });
  }

  promote(
    name: string,
    version: string,
    environment: string,
    reason: string,
    revision: number,
    exceptions: IExceptions
  ): Promise<Promotion> {
    const path = segments('models', name, 'versions', version, 'promote');
    const body = { to: environment, reason, ...said(exceptions) };
    return this._send('POST', path, body, revision);
  }

  approve(
    name: string,
    version: string,
    environment: string,
    comment: string
  ): Promise<Approval> {
    const path = segments('models', name, 'versions', version, 'approvals');
    return this._send('POST', path, { environment, comment });
  }

  setStatus(
    name: string,
    version: string,
    verb: 'quarantine' | 'unquarantine' | 'archive',
    reason: string
  ): Promise<Version> {
    const path = segments('models', name, 'versions', version, verb);
    return this._send('POST', path, { reason });
  }

  annotate(
    name: string,
    version: string,
    change: {
      note?: string;
      card?: string;
      labels?: Record<string, string | null>;
    }
  ): Promise<Version> {
    const path = segments('models', name, 'versions', version);
    return this._send('PATCH', path, change);
  }

  operate(
    verb: OperationVerb,
    request: OperationRequest
  ): Promise<OperationView> {
    const body = { ...request, path: this.path };
    return this._client.ask(`operations/${verb}`, { method: 'POST', body });
  }

  private _get<T>(
    path: string,
    query: Record<string, string | number | string[] | undefined> = {},
    signal?: AbortSignal
  ): Promise<T> {
    return this._client.ask(`registry/${path}`, {
      query: { ...query, project_path: this.path || undefined },
      signal
    });
  }

  private _send<T>(
    method: 'POST' | 'PUT' | 'PATCH',
    path: string,
    body: unknown,
    revision?: number
  ): Promise<T> {
    return this._client.ask(`registry/${path}`, {
      method,
      body,
      query: { project_path: this.path || undefined },
      headers: revision === undefined ? {} : { 'If-Match': `"${revision}"` }
    });
  }
}

function said({ waivers, breakGlass }: IExceptions): Record<string, unknown> {
  return {
    ...(waivers?.length ? { waivers } : {}),
    ...(breakGlass ? { break_glass: breakGlass } : {})
  };
}
