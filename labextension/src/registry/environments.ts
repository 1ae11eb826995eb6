/** What a registry knows by itself, in the order in which versions move on. */
const ENVIRONMENTS: readonly string[] = ['dev', 'stage', 'prod'];

/** The environments that every registry has, and those that are used beside them, in the order of a version's way. */
export function inOrder(used: Iterable<string>): string[] {
  const others = [...used].filter(name => !ENVIRONMENTS.includes(name));
  return [...ENVIRONMENTS, ...[...new Set(others)].sort()];
}

/** The environment that a version would go to next: the one after the last that it serves; else the first. */
export function nextAfter(
  places: Readonly<Record<string, string>>,
  environments: readonly string[]
): string {
  const served = environments.filter(name => places[name] === 'champion');
  const last = served.length ? environments.indexOf(served.at(-1)!) : -1;
  return environments[Math.min(last + 1, environments.length - 1)];
}
