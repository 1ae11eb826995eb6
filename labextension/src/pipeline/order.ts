import type { Component } from '../types';

/** Components so that each comes after those that it waits for; otherwise as they come on the page. */
export function inGraphOrder(components: readonly Component[]): Component[] {
  const placed = new Set<string>();
  const ordered: Component[] = [];
  let left = [...components];
  while (left.length) {
    const names = new Set(left.map(component => component.name));
    const next =
      left.find(component =>
        component.needs.every(name => placed.has(name) || !names.has(name))
      ) ?? left[0]; // a cycle is among the findings
    placed.add(next.name);
    ordered.push(next);
    left = left.filter(component => component !== next);
  }
  return ordered;
}
