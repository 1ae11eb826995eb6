import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { ReadonlyJSONValue } from '@lumino/coreutils';

import type { Finding, GateResult } from './types';

type Query = Record<string, string | number | boolean | string[] | undefined>;

/** What a request may say beside its path. */
export interface IAsk {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Why a request was not carried out, in words for the user. */
export class MDKError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly findings: readonly Finding[] = [],
    readonly gates: readonly GateResult[] = [],
    readonly service: string | null = null,
    readonly revision: number | null = null
  ) {
    super(message);
    this.name = 'MDKError';
  }
}

/** Asks the MDK server extension; nothing else here makes requests. */
export class MDKClient {
  constructor(readonly serverSettings: ServerConnection.ISettings) {}

  /**
   * Ask for something below `BASE/mdk/`, and return its JSON.
   *
   * @throws MDKError what is wrong, also where the server cannot be reached (status 0).
   */
  async ask<T>(path: string, ask: IAsk = {}): Promise<T> {
    return (await this.answer<T>(path, ask)).content;
  }

  /** The same, with the revision that the answer is about. */
  async answer<T>(
    path: string,
    ask: IAsk = {}
  ): Promise<{ content: T; revision: number | null }> {
    const { method = 'GET', query = {}, body, headers = {}, signal } = ask;
    const url =
      URLExt.join(this.serverSettings.baseUrl, 'mdk', path) +
      queryString(query);
    // Not `no-store`, for which JupyterLab adds the time as an argument.
    const init: RequestInit = {
      method,
      headers: { ...headers },
      signal,
      cache: 'no-cache'
    };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
    }
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(
        url,
        init,
        this.serverSettings
      );
    } catch (error) {
      if (signal?.aborted) {
        throw error;
      }
      throw new MDKError('The Jupyter server cannot be reached.', 0);
    }
    const content = await read(response);
    if (!response.ok) {
      throw refusal(response, content);
    }
    const tag = response.headers.get('ETag')?.match(/"(\d+)"/);
    return { content: content as T, revision: tag ? Number(tag[1]) : null };
  }
}

async function read(response: Response): Promise<ReadonlyJSONValue> {
  const text = await response.text();
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return { message: text };
  }
}

function refusal(response: Response, content: ReadonlyJSONValue): MDKError {
  const told = (content ?? {}) as Record<string, unknown>;
  const message =
    (told.message as string) ||
    (told.detail as string) ||
    `${response.status} ${response.statusText}`;
  return new MDKError(
    message,
    response.status,
    (told.findings as Finding[]) ?? [],
    (told.gates as GateResult[]) ?? [],
    (told.service as string) ?? null,
    (told.revision as number) ?? null
  );
}

function queryString(query: Query): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) {
      for (const each of Array.isArray(value) ? value : [value]) {
        pairs.append(name, String(each));
      }
    }
  }
  const text = pairs.toString();
  return text && `?${text}`;
}

/** Parts of a path, each as one segment of a URL. */
export function segments(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}
