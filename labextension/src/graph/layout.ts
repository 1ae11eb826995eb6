import { Graph, layout as place } from '@dagrejs/dagre';

import type { IGraph, IGraphNode } from './graph';

export interface IPoint {
  x: number;
  y: number;
}

/** A box; x and y are its upper left corner. */
export interface IBox extends IPoint {
  id: string;
  width: number;
  height: number;
}

/** An edge as a line, and as the `d` of an SVG path. */
export interface ILine {
  from: string;
  to: string;
  points: IPoint[];
  d: string;
}

export interface ILayout {
  boxes: IBox[];
  lines: ILine[];
  /** Whether it goes from top to bottom; else from left to right. */
  isDown: boolean;
  width: number;
  height: number;
}

export const WIDTH = 196;
const HEIGHT = 48;
/** The height of what is said below the name of a component: its condition, what it is repeated for. */
export const REMARK = 16;
const MARGIN = 16;

/** Width to height of the pages that graphs are looked at on. */
const PAGE = 1.5;

/**
 * Where each component is, so that no boxes overlap. Depends on nothing but the structure.
 *
 * From top to bottom; what would be very wide goes from left to right, where that fits a page better.
 */
export function layout(graph: IGraph): ILayout {
  const down = placed(graph, 'TB');
  if (down.width < 2 * PAGE * down.height) {
    return down;
  }
  const right = placed(graph, 'LR');
  return pageOf(right) < pageOf(down) ? right : down;
}

/** The height of the page that a layout needs. */
function pageOf({ width, height }: ILayout): number {
  return Math.max(width / PAGE, height);
}

function placed(graph: IGraph, rankdir: 'TB' | 'LR'): ILayout {
  const dagre = new Graph({ directed: true });
  dagre.setGraph({
    rankdir,
    nodesep: 24,
    ranksep: 40,
    marginx: MARGIN,
    marginy: MARGIN
  });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) {
    dagre.setNode(node.id, { width: WIDTH, height: heightOf(node) });
  }
  for (const { from, to } of graph.edges) {
    dagre.setEdge(from, to);
  }
  place(dagre);
  const { width = 0, height = 0 } = dagre.graph() as Partial<ILayout>;
  const boxes = graph.nodes.map(({ id }) => {
    const { x, y, width, height } = dagre.node(id) as IBox;
    return { id, x: x - width / 2, y: y - height / 2, width, height };
  });
  const byId = new Map(boxes.map(box => [box.id, box]));
  const isDown = rankdir === 'TB';
  return {
    boxes,
    lines: graph.edges.map(({ from, to }) => {
      const edge = dagre.edge(from, to) as { points: IPoint[] };
      const points = through(
        byId.get(from) as IBox,
        byId.get(to) as IBox,
        edge.points,
        isDown
      );
      return { from, to, points, d: curve(points, isDown) };
    }),
    isDown,
    width: Number.isFinite(width) ? width : 0,
    height: Number.isFinite(height) ? height : 0
  };
}

/** What the layout depends on: two graphs with the same structure have the same layout. */
export function structure(graph: IGraph): string {
  return JSON.stringify([
    graph.nodes.map(node => [node.id, heightOf(node)]),
    graph.edges
  ]);
}

function heightOf(node: IGraphNode): number {
  return HEIGHT + REMARK * ((node.when ? 1 : 0) + (node.foreach ? 1 : 0));
}

/** From the middle of one box's side to that of another's, by way of what dagre keeps free for a long edge. */
function through(
  from: IBox,
  to: IBox,
  bends: readonly IPoint[],
  isDown: boolean
): IPoint[] {
  const start = middleOf(from);
  const end = middleOf(to);
  const ends: [IPoint, IPoint] = isDown
    ? [
        { x: start.x, y: from.y + from.height },
        { x: end.x, y: to.y }
      ]
    : [
        { x: from.x + from.width, y: start.y },
        { x: to.x, y: end.y }
      ];
  // The first and the last bend are where the line would leave the boxes, or the only one between two layers.
  return [ends[0], ...(bends.length > 3 ? bends.slice(1, -1) : []), ends[1]];
}

/** A path through points that leaves each of them in the direction of the layout. */
function curve(points: readonly IPoint[], isDown: boolean): string {
  const at = (x: number, y: number) => `${round(x)} ${round(y)}`;
  const [first, ...rest] = points;
  let before = first;
  const parts = rest.map(point => {
    const { x, y } = before;
    before = point;
    const middle = isDown ? (y + point.y) / 2 : (x + point.x) / 2;
    const [one, other] = isDown
      ? [at(x, middle), at(point.x, middle)]
      : [at(middle, y), at(middle, point.y)];
    return `C${one} ${other} ${at(point.x, point.y)}`;
  });
  return `M${at(first.x, first.y)}${parts.join('')}`;
}

function round(of: number): number {
  return Math.round(of * 10) / 10;
}

const DIRECTIONS: Record<string, IPoint> = {
  ArrowDown: { x: 0, y: 1 },
  ArrowUp: { x: 0, y: -1 },
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 }
};

/** The box that an arrow key leads to: the nearest one that lies in its direction; undefined where there is none. */
export function neighbour(
  { boxes }: ILayout,
  id: string,
  key: string
): string | undefined {
  const direction = DIRECTIONS[key];
  const from = boxes.find(box => box.id === id);
  if (!direction || !from) {
    return undefined;
  }
  const centre = middleOf(from);
  let best: { id: string; distance: number } | undefined;
  for (const box of boxes) {
    const { x, y } = middleOf(box);
    const along = (x - centre.x) * direction.x + (y - centre.y) * direction.y;
    const aside = Math.abs(
      (x - centre.x) * direction.y + (y - centre.y) * direction.x
    );
    // What is far aside of the way is no neighbour in this direction.
    const distance = along + 2 * aside;
    if (along > 1 && (!best || distance < best.distance)) {
      best = { id: box.id, distance };
    }
  }
  return best?.id;
}

function middleOf(box: IBox): IPoint {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
