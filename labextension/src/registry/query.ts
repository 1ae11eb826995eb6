import type { IModelQuery, IVersionQuery } from './api';

/** What was typed into the search box, as it is understood. */
export interface IQuery {
  /** Of models: what only versions have is left out. */
  models: IModelQuery;
  versions: IVersionQuery;
  /** Whether it asks for something that only versions have. */
  isOfVersions: boolean;
  /** The words that mean nothing yet. */
  unclear: string[];
}

const NUMBER = String.raw`[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?`;
const CONDITION = new RegExp(
  String.raw`^[A-Za-z_][\w./@-]*(>=|<=|==|!=|>|<)${NUMBER}$`
);
const STATUSES = ['active', 'quarantined', 'archived'];

/** What narrows a search down, by its name; each notes a value, and tells whether it means something. */
const FILTERS: Record<
  string,
  (query: IVersionQuery, value: string) => boolean
> = {
  project: (query, value) => {
    query.project = value || undefined;
    return true;
  },
  champion: (query, value) => {
    query.champion_in = value || undefined;
    return true;
  },
  label: (query, value) => {
    const isPair = /^[^=]+=/.test(value);
    query.label = isPair ? [...(query.label ?? []), value] : query.label;
    return isPair;
  },
  by: (query, value) => {
    query.trained_by = value || undefined;
    return value !== '';
  },
  since: (query, value) => (query.since = moment(value)) !== undefined,
  until: (query, value) => (query.until = moment(value)) !== undefined,
  status: (query, value) => {
    const isOne = STATUSES.includes(value);
    query.status = isOne ? value : undefined;
    return isOne;
  }
};
/** How the command line calls some of them. */
const OTHER_NAMES: Record<string, string> = {
  'champion-in': 'champion',
  'trained-by': 'by'
};
const OF_VERSIONS = ['by', 'since', 'until', 'status'];

/**
 * Read what was typed into the search box.
 *
 * Words are looked for in names and descriptions, `rmse<0.3` in metrics. `project:P`, `champion:ENV`, `label:KEY=VALUE`,
 * `by:WHO`, `since:DATE`, `until:DATE` and `status:STATUS` narrow it down; as the options of `mdk registry search` they
 * mean the same.
 */
export function parseQuery(typed: string): IQuery {
  const versions: IVersionQuery = {};
  const unclear: string[] = [];
  const texts: string[] = [];
  let isOfVersions = false;
  for (const word of words(typed)) {
    const [name, value] = filterOf(word);
    if (name !== null) {
      const isClear = FILTERS[name](versions, value);
      isOfVersions ||= OF_VERSIONS.includes(name);
      if (!isClear) {
        unclear.push(word);
      }
    } else if (CONDITION.test(compared(word))) {
      versions.metric = [...(versions.metric ?? []), compared(word)];
    } else if (/[<>=]/.test(word)) {
      unclear.push(word);
    } else {
      texts.push(word);
    }
    isOfVersions ||= name === null && /[<>=]/.test(word);
  }
  if (texts.length) {
    versions.text = texts.join(' ');
  }
  const { text, project, label, champion_in } = versions;
  return {
    models: given({ text, project, label, champion_in }),
    versions: given(versions),
    isOfVersions,
    unclear
  };
}

/** The metrics that conditions are about, in their order. */
export function metricsOf(query: IVersionQuery): string[] {
  return (query.metric ?? []).map(condition => condition.split(/[<>=!]/)[0]);
}

/** Words, of which a comparison is one; quotes keep several together, and options are one with their values. */
function words(typed: string): string[] {
  const found: string[] = [];
  const parts = typed
    .split('"')
    .map((part, index) =>
      index % 2 ? part.replace(/ /g, '\u00a0') : compared(part)
    );
  for (const word of parts.join('').split(/[^\S\u00a0]+/)) {
    const option = found.at(-1)?.match(/^--(\w[\w-]*)$/)?.[1];
    if (option && word) {
      found[found.length - 1] = `${option}:${word}`;
    } else if (word) {
      found.push(word.replace(/^--([\w-]+)=/, '$1:'));
    }
  }
  return found.map(word => word.replace(/\u00a0/g, ' '));
}

/** `auc > 0.8` as one word. */
function compared(part: string): string {
  return part.replace(/\s*(>=|<=|==|!=|>|<)\s*/g, '$1');
}

/** The filter that a word is, with its value. */
function filterOf(word: string): [string, string] | [null, null] {
  const at = word.indexOf(':');
  const typed = word.slice(0, Math.max(at, 0));
  const name = OTHER_NAMES[typed] ?? typed;
  return Object.hasOwn(FILTERS, name)
    ? [name, word.slice(at + 1)]
    : [null, null];
}

/** A date or moment, as the time of this machine where it does not say; undefined where it is none. */
function moment(value: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\d(T.+)?$/.test(value)) {
    return undefined;
  }
  const found = new Date(value.includes('T') ? value : `${value}T00:00`);
  return Number.isNaN(found.getTime()) ? undefined : found.toISOString();
}

/** The same without what is not there. */
function given<T extends object>(query: T): T {
  return Object.fromEntries(
    Object.entries(query).filter(([, value]) => value !== undefined)
  ) as T;
}
