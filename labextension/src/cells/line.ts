import { gather, optionOf, type Options } from './options';
import type { IRole } from './roles';
import { quoted, split } from './shell';

const FIRST_LINE = /^\s*%%component(?=\s|$)/;
const LOADS = /^\s*%(re)?load_ext\s+mdk_jupyter\s*$/m;

/** What makes a notebook obey `%%component`. */
export const LOAD = '%load_ext mdk_jupyter';

/** Whether a cell makes the notebook obey `%%component`. */
export function loads(source: string): boolean {
  return LOADS.test(source);
}

interface ILine {
  line: string;
  /** Where it begins, and where the next line begins. */
  start: number;
  end: number;
}

/** The `%%component` line of a cell, blank lines before it aside. */
export function componentLine(source: string): ILine | null {
  let start = 0;
  for (const line of source.split('\n')) {
    if (line.trim()) {
      const end = Math.min(source.length, start + line.length + 1);
      return FIRST_LINE.test(line) ? { line, start, end } : null;
    }
    start += line.length + 1;
  }
  return null;
}

/** What the `%%component` line of a cell says; null without one. */
export function readLine(source: string): IRole | null {
  const found = componentLine(source);
  if (found === null) {
    return null;
  }
  const words = split(found.line.replace(FIRST_LINE, '')) ?? [];
  const pairs: [string, string][] = [];
  let component: string | null = null;
  for (let at = 0; at < words.length; at++) {
    const [flag, inline] = flagOf(words[at]);
    if (flag === null) {
      component ??= words[at];
    } else if (inline !== null) {
      pairs.push([flag, inline]);
    } else if (at + 1 < words.length && !words[at + 1].startsWith('--')) {
      at += 1;
      pairs.push([flag, words[at]]);
    }
  }
  return { kind: 'component', component, options: gather(pairs) };
}

function flagOf(word: string): [string | null, string | null] {
  if (!word.startsWith('-')) {
    return [null, null];
  }
  const equals = word.indexOf('=');
  return equals < 0
    ? [word.replace(/^--/, ''), null]
    : [word.slice(0, equals).replace(/^--/, ''), word.slice(equals + 1)];
}

/** A cell without its `%%component` line. */
export function withoutLine(source: string): string {
  const found = componentLine(source);
  return found
    ? source.slice(0, found.start) + source.slice(found.end)
    : source;
}

/** The `%%component` line that says this. */
export function lineFor(component: string, options: Options): string {
  const flags = Object.entries(options).flatMap(([word, values]) => {
    const together = optionOf(word)?.commas ? [values.join(',')] : values;
    return together.map(value => {
      const text = quoted(value.replace(/\n/g, ' '));
      return value.startsWith('--') ? `--${word}=${text}` : `--${word} ${text}`;
    });
  });
  return [`%%component ${component}`, ...flags].join(' ');
}
