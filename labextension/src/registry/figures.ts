import type { Version } from '../types';

type MetricValue = boolean | number | string | null | undefined;

const DIGITS = 4; // as many as one compares by eye

/** A metric as text; the same number of digits whatever its size. */
export function figure(value: MetricValue): string {
  if (value === null || value === undefined) {
    return '–';
  }
  if (typeof value !== 'number') {
    return String(value);
  }
  if (Number.isInteger(value)) {
    return value.toLocaleString('en');
  }
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) {
    return value.toExponential(DIGITS - 1);
  }
  return value.toLocaleString('en', {
    maximumSignificantDigits: size >= 1000 ? 7 : DIGITS
  });
}

/** A difference, with its sign; nothing where there is none to speak of. */
export function difference(value: number | null): string {
  if (value === null) {
    return '';
  }
  if (value === 0) {
    return '±0';
  }
  const sign = value > 0 ? '+' : '−';
  return `${sign}${figure(Math.abs(Number(value.toPrecision(3))))}`;
}

/** A duration in seconds, in the largest two units. */
export function duration(seconds: number): string {
  if (seconds < 60) {
    return `${Number(seconds.toPrecision(3))} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min ${Math.floor(seconds % 60)} s`;
  }
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A size in bytes, in the unit that fits. */
export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let rank = 0;
  while (size >= 1000 && rank < units.length - 1) {
    size /= 1000;
    rank += 1;
  }
  return `${Number(size.toPrecision(3))} ${units[rank]}`;
}

/** A metric of several versions, the oldest first. */
export interface ISeries {
  name: string;
  points: { version: string; n: number; value: number }[];
}

/** The metrics of versions that are numbers, by name; those of the newest versions first. */
export function series(versions: readonly Version[]): ISeries[] {
  const found = new Map<string, ISeries>();
  for (const version of versions) {
    for (const [name, value] of Object.entries(version.metrics)) {
      if (typeof value === 'number') {
        const one = found.get(name) ?? { name, points: [] };
        one.points.unshift({ version: version.version, n: version.n, value });
        found.set(name, one);
      }
    }
  }
  return [...found.values()];
}

/** Where values are in a box of this size, from left to right; equal ones are half way up. */
export function places(
  values: readonly number[],
  width: number,
  height: number
): [number, number][] {
  const least = Math.min(...values);
  const range = Math.max(...values) - least;
  return values.map((value, index) => {
    const x = values.length > 1 ? (index / (values.length - 1)) * width : 0;
    const y = range ? height - ((value - least) / range) * height : height / 2;
    return [round(x), round(y)];
  });
}

/** The line through places, as the `d` of an SVG path. */
export function line(places: readonly [number, number][]): string {
  return places
    .map(([x, y], index) => `${index ? 'L' : 'M'}${x},${y}`)
    .join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
