import type { Difference } from '../../types';

const FIRST = ['provenance.git.', 'datasets', 'provenance.']; // what one asks about first

/** A value as lines of text; of two lists, the items that only one of them has. */
export function lines(value: unknown, other: unknown): string[] {
  if (value === null || value === undefined) {
    return ['–'];
  }
  if (!Array.isArray(value)) {
    return [plain(value)];
  }
  const shared = new Set(Array.isArray(other) ? other.map(plain) : []);
  return value.filter(item => !shared.has(plain(item))).map(item);
}

/** Differences, those of code and data first. */
export function byInterest(differences: readonly Difference[]): Difference[] {
  const rank = ({ name }: Difference) => {
    const found = FIRST.findIndex(beginning => name.startsWith(beginning));
    return found < 0 ? FIRST.length : found;
  };
  return [...differences].sort((a, b) => rank(a) - rank(b));
}

/** A value of JSON, on one line. */
export function plain(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '–');
}

/** A digest or commit by its beginning; all else as it is. */
export function short(text: string): string {
  return /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text) ? text.slice(0, 12) : text;
}

function item(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return plain(value);
  }
  const { name, uri, sha256 } = value as Record<string, unknown>;
  const called = name ?? uri;
  return called === undefined
    ? plain(value)
    : [called, sha256 && String(sha256).slice(0, 12)].filter(Boolean).join(' ');
}
