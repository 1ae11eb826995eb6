import type { Edge, Graph, Node } from '../../types';

/** A node of the lineage and where its box is. */
export interface IBox {
  node: Node;
  x: number;
  y: number;
}

/** A line from the right of one box to the left of another. */
export interface ILine {
  edge: Edge;
  path: string;
}

export interface ILayout {
  boxes: IBox[];
  lines: ILine[];
  width: number;
  height: number;
}

export const BOX = { width: 128, height: 42 };
const GAP = { x: 28, y: 12 };

/**
 * Lay a lineage out from left to right: each node in the column after all that came before it.
 *
 * Within a column, nodes are near to what they were made from.
 */
export function layers(graph: Graph): ILayout {
  const columns = ranked(graph);
  const rows = Math.max(1, ...columns.map(column => column.length));
  const height = rows * (BOX.height + GAP.y) - GAP.y;
  const places = new Map<string, IBox>();
  columns.forEach((column, rank) => {
    const sorted = rank ? byParents(column, graph.edges, places) : column;
    const used = column.length * (BOX.height + GAP.y) - GAP.y;
    sorted.forEach((node, row) => {
      places.set(node.id, {
        node,
        x: rank * (BOX.width + GAP.x),
        y: (height - used) / 2 + row * (BOX.height + GAP.y)
      });
    });
  });
  return {
    boxes: [...places.values()],
    lines: graph.edges.flatMap(edge => line(edge, places)),
    width: Math.max(1, columns.length) * (BOX.width + GAP.x) - GAP.x,
    height
  };
}

function ranked(graph: Graph): Node[][] {
  const before = new Map<string, string[]>();
  for (const { source, target } of graph.edges) {
    before.set(target, [...(before.get(target) ?? []), source]);
  }
  const ranks = new Map<string, number>();
  const rank = (id: string, path: string[]): number => {
    const known = ranks.get(id);
    if (known !== undefined || path.includes(id)) {
      return known ?? 0; // a circle is nobody's past
    }
    const parents = before.get(id) ?? [];
    const found = Math.max(-1, ...parents.map(p => rank(p, [...path, id]))) + 1;
    ranks.set(id, found);
    return found;
  };
  const columns: Node[][] = [];
  for (const node of graph.nodes) {
    const at = rank(node.id, []);
    (columns[at] ??= []).push(node);
  }
  return nearTheirs(
    columns.map(column => column ?? []),
    graph.edges
  );
}

/** Move what starts late next to what it is for: a dataset beside the version, not at the far left. */
function nearTheirs(columns: Node[][], edges: readonly Edge[]): Node[][] {
  const at = new Map<string, number>();
  columns.forEach((column, rank) => column.forEach(n => at.set(n.id, rank)));
  const isRoot = (id: string) => !edges.some(edge => edge.target === id);
  for (const node of columns.flat().filter(({ id }) => isRoot(id))) {
    const after = edges
      .filter(edge => edge.source === node.id)
      .map(edge => at.get(edge.target) ?? 1);
    at.set(node.id, Math.max(0, Math.min(...after) - 1));
  }
  const moved: Node[][] = columns.map(() => []);
  columns.flat().forEach(node => moved[at.get(node.id) ?? 0].push(node));
  return moved.filter(column => column.length);
}

function byParents(
  column: readonly Node[],
  edges: readonly Edge[],
  places: ReadonlyMap<string, IBox>
): Node[] {
  const middle = (node: Node): number => {
    const ys = edges
      .filter(edge => edge.target === node.id)
      .flatMap(edge => places.get(edge.source)?.y ?? []);
    return ys.length ? ys.reduce((sum, y) => sum + y, 0) / ys.length : 0;
  };
  return [...column].sort((a, b) => middle(a) - middle(b));
}

function line(edge: Edge, places: ReadonlyMap<string, IBox>): ILine[] {
  const from = places.get(edge.source);
  const to = places.get(edge.target);
  if (!from || !to) {
    return [];
  }
  const x1 = from.x + BOX.width;
  const y1 = from.y + BOX.height / 2;
  const y2 = to.y + BOX.height / 2;
  const bend = (to.x - x1) / 2;
  const path = `M${x1},${y1}C${x1 + bend},${y1} ${to.x - bend},${y2} ${to.x},${y2}`;
  return [{ edge, path }];
}
