import { run, step } from '../../runs/__tests__/examples';
import type { Component } from '../../types';
import { graphOfComponents, graphOfRun } from '../graph';
import { ILayout, layout, neighbour, structure } from '../layout';
import { IPaint, picture } from '../picture';

// jsdom has none, unlike browsers.
globalThis.structuredClone ??= of => JSON.parse(JSON.stringify(of));

function component(
  name: string,
  needs: string[] = [],
  options: Partial<Component['options']> = {}
): Component {
  return {
    name,
    cells: [name],
    after: [],
    inputs: {},
    outputs: {},
    options: options as Component['options'],
    needs
  };
}

const DIAMOND = [
  component('report', ['train', 'check']),
  component('load'),
  component('train', ['load']),
  component('check', ['load'], { when: 'rows > 0' })
];

/** Sixty components in layers of six, each waiting for two of the layer above. */
const SIXTY = Array.from({ length: 60 }, (_, index) => {
  const layer = Math.floor(index / 6);
  const needs = layer
    ? [index - 6, (layer - 1) * 6 + ((index + 1) % 6)].map(at => `step_${at}`)
    : [];
  return component(`step_${index}`, [...new Set(needs)]);
});

describe('the graph', () => {
  it('has components in the order in which they run, each with its colour', () => {
    const { nodes, edges } = graphOfComponents(DIAMOND, undefined);
    expect(nodes.map(node => [node.id, node.colour])).toEqual([
      ['load', 1],
      ['train', 2],
      ['check', 3],
      ['report', 0]
    ]);
    expect(edges).toHaveLength(4);
    expect(nodes[2].when).toBe('rows > 0');
    expect(nodes.every(node => node.state === null)).toBe(true);
  });

  it('has the states of a run, and how far repetitions are', () => {
    const seen = run('r1', {
      steps: [
        step('load', { state: 'done', cached: true, seconds: 2 }),
        step('train', { state: 'running', after: ['load'] }),
        step('train[a]', { state: 'done', part_of: 'train' }),
        step('train[b]', { state: 'running', part_of: 'train' })
      ]
    });
    const { nodes, edges } = graphOfRun(seen);
    expect(nodes.map(node => node.id)).toEqual(['load', 'train']);
    expect(nodes[0]).toMatchObject({ cached: true, seconds: 2 });
    expect(nodes[1].progress).toEqual({ kind: 'part', at: 1, of: 2 });
    expect(edges).toEqual([{ from: 'load', to: 'train' }]);
  });

  it('copes with a cycle, and with what is not there', () => {
    const { nodes, edges } = graphOfComponents(
      [component('a', ['b']), component('b', ['a', 'gone', 'b'])],
      undefined
    );
    expect(nodes).toHaveLength(2);
    expect(edges).toHaveLength(2);
  });
});

function overlaps({ boxes }: ILayout): number {
  return boxes.filter((one, index) =>
    boxes
      .slice(index + 1)
      .some(
        other =>
          one.x < other.x + other.width &&
          other.x < one.x + one.width &&
          one.y < other.y + other.height &&
          other.y < one.y + one.height
      )
  ).length;
}

describe('the layout', () => {
  it.each([
    ['a diamond', DIAMOND],
    ['sixty components', SIXTY],
    ['none', []]
  ])('of %s is from top to bottom, without overlaps', (_, components) => {
    const graph = graphOfComponents(components, undefined);
    const placed = layout(graph);
    expect(placed.boxes).toHaveLength(components.length);
    expect(overlaps(placed)).toBe(0);
    const at = new Map(placed.boxes.map(box => [box.id, box]));
    for (const { from, to } of graph.edges) {
      expect(at.get(from)!.y + at.get(from)!.height).toBeLessThan(
        at.get(to)!.y
      );
    }
    for (const box of placed.boxes) {
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(placed.width);
      expect(box.y + box.height).toBeLessThanOrEqual(placed.height);
    }
  });

  it('of many side by side goes from left to right', () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      component(`many_${index}`, ['load'])
    );
    const wide = layout(
      graphOfComponents([component('load'), ...many], undefined)
    );
    expect(overlaps(wide)).toBe(0);
    expect(wide.width).toBeLessThan(wide.height);
  });

  it('is the same for the same structure, whatever the states', () => {
    const before = graphOfComponents(DIAMOND, undefined);
    const after = graphOfComponents(
      DIAMOND,
      run('r1', { steps: [step('load', { state: 'done' })] })
    );
    expect(structure(after)).toBe(structure(before));
    expect(layout(after)).toEqual(layout(before));
  });

  it('joins boxes by lines that begin and end at them', () => {
    const placed = layout(graphOfComponents(DIAMOND, undefined));
    const load = placed.boxes.find(box => box.id === 'load')!;
    const line = placed.lines.find(one => one.to === 'train')!;
    expect(line.points[0].y).toBeCloseTo(load.y + load.height, 0);
    expect(line.d).toMatch(/^M[\d. ]+C[\d. ]+$/);
  });

  it('can be walked through by arrow keys', () => {
    const placed = layout(graphOfComponents(SIXTY, undefined));
    expect(neighbour(placed, 'step_0', 'ArrowUp')).toBeUndefined();
    expect(neighbour(placed, 'step_0', 'Enter')).toBeUndefined();
    const seen = new Set<string>(['step_0']);
    for (const id of seen) {
      for (const key of ['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight']) {
        const next = neighbour(placed, id, key);
        if (next) {
          seen.add(next);
        }
      }
    }
    expect(seen.size).toBe(60);
  });
});

test('the picture is a document of its own, with all that could break it escaped', () => {
  const graph = graphOfComponents(
    [component('a<b>&"c"'), component('größer', ['a<b>&"c"'])],
    run('r1', { steps: [step('größer', { state: 'failed' })] })
  );
  const paint: IPaint = {
    background: 'white',
    box: 'white',
    border: 'grey',
    line: 'grey',
    text: 'black',
    quiet: 'grey',
    font: 'Arial, "Noto Sans"',
    components: ['blue', 'red'],
    states: { failed: 'crimson' }
  };
  const svg = picture(graph, layout(graph), paint, node => ({
    remark: node.state ?? 'not run',
    more: ['if a < b']
  }));
  const read = new DOMParser().parseFromString(svg, 'image/svg+xml');
  expect(read.querySelector('parsererror')).toBeNull();
  const texts = Array.from(read.querySelectorAll('text'), of => of.textContent);
  expect(texts).toContain('a<b>&"c"');
  expect(texts).toContain('if a < b');
  expect(svg).toContain('crimson');
  expect(svg).not.toContain('var(');
});
