import type { IModelQuery } from './api';

const FILTERS = ['project', 'champion', 'label'];

/**
 * Read what was typed into the search box.
 *
 * Words are looked for in names and descriptions; `project:P`, `champion:ENV` and `label:KEY=VALUE` narrow it down.
 */
export function parseQuery(typed: string): IModelQuery {
  const query: IModelQuery = {};
  const words: string[] = [];
  for (const word of typed.split(/\s+/).filter(Boolean)) {
    const [filter, value] = split(word, ':');
    if (!FILTERS.includes(filter) || value === null) {
      words.push(word);
    } else if (filter === 'project') {
      query.project = value || undefined;
    } else if (filter === 'champion') {
      query.champion_in = value || undefined;
    } else if (/^[^=]+=/.test(value)) {
      query.label = [...(query.label ?? []), value];
    }
  }
  if (words.length) {
    query.text = words.join(' ');
  }
  return query;
}

function split(word: string, mark: string): [string, string | null] {
  const at = word.indexOf(mark);
  return at < 0 ? [word, null] : [word.slice(0, at), word.slice(at + 1)];
}
