import * as React from 'react';

import type { Graph, Node } from '../../types';
import { Answered, useAnswer } from '../answers';
import { BOX, layers } from './layers';
import type { ModelRecord } from '../record';
import { useSurroundings } from '../surroundings';

const EDGE = 8; // pixels around the drawing
const SMALLEST = 0.85; // of its size, to which the drawing shrinks before one has to scroll
const LETTERS = 16; // that fit into a box

/** What a version was made from, and where it serves. */
export function LineageView(props: {
  record: ModelRecord;
  version: string;
}): JSX.Element {
  const { record, version } = props;
  const answer = useAnswer(
    () => record.api.lineage(`${record.name}/${version}`),
    [record, version, record.stamp]
  );
  return (
    <div className="jp-mdk-Sheet">
      <Answered answer={answer}>{graph => <Drawing graph={graph} />}</Answered>
    </div>
  );
}

function Drawing({ graph }: { graph: Graph }): JSX.Element {
  const { trans } = useSurroundings();
  const kinds: Record<Node['kind'], string> = {
    commit: trans.__('commit'),
    dataset: trans.__('dataset'),
    environment: trans.__('environment'),
    notebook: trans.__('notebook'),
    run: trans.__('run'),
    version: trans.__('version')
  };
  const layout = React.useMemo(() => layers(graph), [graph]);
  const told = graph.nodes
    .map(node => `${kinds[node.kind]} ${node.label}`)
    .join(', ');
  const width = layout.width + 2 * EDGE;
  const height = layout.height + 2 * EDGE;
  return (
    <div className="jp-mdk-Lineage" tabIndex={0}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        style={{ maxWidth: width, minWidth: SMALLEST * width }}
        role="img"
        aria-label={trans.__('Lineage: %1', told)}
      >
        <g transform={`translate(${EDGE},${EDGE})`}>
          {layout.lines.map(({ edge, path }) => (
            <path
              key={`${edge.source} ${edge.target}`}
              className="jp-mdk-LineageEdge"
              data-relation={edge.relation}
              d={path}
            />
          ))}
          {layout.boxes.map(({ node, x, y }) => (
            <g
              key={node.id}
              className="jp-mdk-LineageNode"
              data-kind={node.kind}
              transform={`translate(${x},${y})`}
            >
              <title>{[node.label, ...facts(node)].join('\n')}</title>
              <rect width={BOX.width} height={BOX.height} rx={3} />
              <text className="jp-mdk-LineageKind" x={10} y={16}>
                {kinds[node.kind]}
              </text>
              <text x={10} y={32}>
                {short(node.label)}
              </text>
            </g>
          ))}
        </g>
      </svg>
    </div>
  );
}

function facts(node: Node): string[] {
  return Object.entries(node.facts)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}: ${String(value)}`);
}

/** A long name by its end, which tells more than its beginning; a path by its last part. */
function short(path: string): string {
  const label = path.split('/').at(-1) || path;
  return label.length > LETTERS ? `…${label.slice(1 - LETTERS)}` : label;
}
