import '@xyflow/react/dist/base.css';

import type { TranslationBundle } from '@jupyterlab/translation';
import { notebookIcon } from '@jupyterlab/ui-components';
import {
  BaseEdge,
  Edge,
  EdgeProps,
  Handle,
  MarkerType,
  Node,
  NodeProps,
  Position,
  ReactFlow,
  ReactFlowInstance,
  useStore
} from '@xyflow/react';
import * as React from 'react';

import { colour } from '../colours';
import { useNow } from '../live';
import { StateMark } from '../runs/states';
import { FIT } from './fit';
import type { IGraph, IGraphNode } from './graph';
import { ILayout, layout, neighbour, structure } from './layout';
import { foreachText, remark, whenText } from './words';

export type Flow = ReactFlowInstance<BoxNode, LineEdge>;

export interface IGraphViewProps {
  graph: IGraph;
  /** Called when a component is chosen. */
  onOpen: (id: string) => void;
  onOpenNotebook: (id: string) => void;
  onReady: (flow: Flow) => void;
  trans: TranslationBundle;
}

interface IBoxData extends Record<string, unknown> {
  node: IGraphNode;
  isCurrent: boolean;
  /** Whether lines lead from top to bottom. */
  isDown: boolean;
  onFocus: (id: string) => void;
  onOpen: (id: string) => void;
  onOpenNotebook: (id: string) => void;
  trans: TranslationBundle;
}
type BoxNode = Node<IBoxData>;
type LineEdge = Edge<{ d: string }>;

const NODE_TYPES = { component: React.memo(Box) };
const EDGE_TYPES = { line: Line };

/** The graph as it can be moved, zoomed and walked through by keys. */
export default function GraphView(props: IGraphViewProps): JSX.Element {
  const { graph, onOpen, onOpenNotebook, onReady, trans } = props;
  const form = structure(graph);
  const placed = React.useMemo(() => layout(graph), [form]);
  const [current, setCurrent] = React.useState(graph.nodes[0]?.id);
  const flow = React.useRef<Flow | null>(null);
  const page = React.useRef<HTMLDivElement>(null);

  React.useEffect(() => {
    void flow.current?.fitView(FIT);
  }, [form]);

  const here = graph.nodes.some(node => node.id === current)
    ? current
    : graph.nodes[0]?.id;
  const focus = (id: string) => {
    setCurrent(id);
    page.current
      ?.querySelector<HTMLElement>(
        `.react-flow__node[data-id="${CSS.escape(id)}"] [data-node]`
      )
      ?.focus();
    if (flow.current && page.current) {
      bringIntoView(flow.current, page.current, placed, id);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const next = neighbour(placed, here, event.key);
    const zoom = { '+': 1.2, '=': 1.2, '-': 1 / 1.2 }[event.key];
    if (next) {
      focus(next);
    } else if (zoom) {
      zoomAt(flow.current, placed, here, zoom);
    } else if (event.key === '0') {
      void flow.current?.fitView(FIT);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const nodes: BoxNode[] = placed.boxes.map(({ id, x, y, width, height }) => ({
    id,
    type: 'component',
    position: { x, y },
    width,
    height,
    // Else what was measured would be forgotten at each change, and with it the lines.
    measured: { width, height },
    data: {
      node: graph.nodes.find(node => node.id === id) as IGraphNode,
      isCurrent: id === here,
      isDown: placed.isDown,
      onFocus: setCurrent,
      onOpen,
      onOpenNotebook,
      trans
    }
  }));
  const edges: LineEdge[] = placed.lines.map(({ from, to, d }) => ({
    id: `${from} ${to}`,
    source: from,
    target: to,
    type: 'line',
    data: { d },
    markerEnd: {
      type: MarkerType.ArrowClosed,
      width: 14,
      height: 14,
      color: 'var(--jp-ui-font-color3)'
    }
  }));
  return (
    <div
      className="jp-mdk-Graph-page"
      ref={page}
      role="group"
      aria-label={trans.__(
        'Components; arrow keys lead from one to the next, Enter opens'
      )}
      onKeyDown={onKeyDown}
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        minZoom={LEAST_ZOOM}
        maxZoom={MOST_ZOOM}
        fitView
        fitViewOptions={FIT}
        onInit={instance => {
          flow.current = instance;
          onReady(instance);
        }}
      >
        <Distance page={page} />
      </ReactFlow>
    </div>
  );
}

/** From afar names alone are shown, in letters that can be read. */
function Distance(props: { page: React.RefObject<HTMLDivElement> }): null {
  const isFar = useStore(state => state.transform[2] < 0.6);
  React.useEffect(() => {
    props.page.current?.classList.toggle('jp-mod-far', isFar);
  }, [isFar]);
  return null;
}

const LEAST_ZOOM = 0.1;
const MOST_ZOOM = 2;

/** Zoom so that the current box is in the middle. */
function zoomAt(
  flow: Flow | null,
  placed: ILayout,
  id: string | undefined,
  factor: number
): void {
  const box = placed.boxes.find(other => other.id === id);
  if (flow && box) {
    void flow.setCenter(box.x + box.width / 2, box.y + box.height / 2, {
      zoom: Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, flow.getZoom() * factor))
    });
  }
}

/** Move the graph only where a box is out of sight. */
function bringIntoView(
  flow: Flow,
  page: HTMLElement,
  placed: ILayout,
  id: string
): void {
  const box = placed.boxes.find(other => other.id === id);
  if (!box) {
    return;
  }
  const { x, y, zoom } = flow.getViewport();
  const left = box.x * zoom + x;
  const top = box.y * zoom + y;
  const isSeen =
    left >= 0 &&
    top >= 0 &&
    left + box.width * zoom <= page.clientWidth &&
    top + box.height * zoom <= page.clientHeight;
  if (!isSeen) {
    void flow.setCenter(box.x + box.width / 2, box.y + box.height / 2, {
      zoom
    });
  }
}

function Box({ data }: NodeProps<BoxNode>): JSX.Element {
  const { node, isCurrent, trans } = data;
  const now = useNow(node.state === 'running');
  const style = {
    '--jp-mdk-colour': colour(node.colour)
  } as React.CSSProperties;
  const tabIndex = isCurrent ? 0 : -1;
  return (
    <div
      className="jp-mdk-Box"
      data-state={node.state ?? 'none'}
      data-component={node.id}
      style={style}
    >
      <Handle
        type="target"
        position={data.isDown ? Position.Top : Position.Left}
        isConnectable={false}
      />
      <Handle
        type="source"
        position={data.isDown ? Position.Bottom : Position.Right}
        isConnectable={false}
      />
      <button
        className="jp-mdk-Box-main"
        data-node
        tabIndex={tabIndex}
        onFocus={() => data.onFocus(node.id)}
        onClick={() => data.onOpen(node.id)}
      >
        <span className="jp-mdk-Box-title">
          <StateMark state={node.state} trans={trans} />
          <span className="jp-mdk-Box-name" title={node.id}>
            {node.id}
          </span>
        </span>
        <span className="jp-mdk-Box-remark">{remark(node, now, trans)}</span>
        {node.when && (
          <span className="jp-mdk-Box-remark" title={node.when}>
            {whenText(node, trans)}
          </span>
        )}
        {node.foreach && (
          <span className="jp-mdk-Box-remark" title={node.foreach}>
            {foreachText(node, trans)}
          </span>
        )}
      </button>
      {node.hasNotebook && (
        <button
          className="jp-mdk-IconButton jp-mdk-Box-notebook"
          tabIndex={tabIndex}
          title={trans.__('Open the executed notebook of %1', node.id)}
          aria-label={trans.__('Open the executed notebook of %1', node.id)}
          onClick={() => data.onOpenNotebook(node.id)}
        >
          <notebookIcon.react tag="span" width="14px" height="14px" />
        </button>
      )}
    </div>
  );
}

function Line({ id, data, markerEnd }: EdgeProps<LineEdge>): JSX.Element {
  return <BaseEdge id={id} path={data?.d ?? ''} markerEnd={markerEnd} />;
}
