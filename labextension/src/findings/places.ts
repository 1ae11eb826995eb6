import type { Finding } from '../types';

/** Where a finding is in the source of its cell. */
export interface ISpan {
  from: number;
  to: number;
}

/**
 * The part of a cell's source that a finding is about: what is at its column, or the name that it is about, or its
 * line. Null where it is about the cell as a whole, or about a line that is gone.
 */
export function spanOf(
  finding: Pick<Finding, 'line' | 'column' | 'names'>,
  source: string
): ISpan | null {
  const lines = source.split('\n');
  const line = finding.line === null ? undefined : lines[finding.line - 1];
  if (line === undefined || !line.trim()) {
    return null;
  }
  const start = lines
    .slice(0, finding.line! - 1)
    .reduce((length, before) => length + before.length + 1, 0);
  const span = within(line, finding);
  return { from: start + span.from, to: start + span.to };
}

function within(
  line: string,
  { column, names }: Pick<Finding, 'column' | 'names'>
): ISpan {
  const at = column === null ? -1 : column - 1;
  if (at >= 0 && at < line.length) {
    const rest = line.slice(at);
    const named = names.find(name => rest.startsWith(name));
    const length = named?.length ?? /^[\p{L}\p{N}_]+|^./u.exec(rest)![0].length;
    return { from: at, to: at + length };
  }
  for (const name of names) {
    const found = wordIn(line, name);
    if (found >= 0) {
      return { from: found, to: found + name.length };
    }
  }
  return {
    from: line.length - line.trimStart().length,
    to: line.trimEnd().length
  };
}

/** Where a name stands by itself, not as a part of another one. */
function wordIn(line: string, name: string): number {
  const isPart = (char: string | undefined) =>
    char !== undefined && /[\p{L}\p{N}_]/u.test(char);
  let at = line.indexOf(name);
  while (
    at >= 0 &&
    name !== '' &&
    (isPart(line[at - 1]) || isPart(line[at + name.length]))
  ) {
    at = line.indexOf(name, at + 1);
  }
  return name === '' ? -1 : at;
}
