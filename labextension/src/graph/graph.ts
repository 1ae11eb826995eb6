import { inGraphOrder } from '../pipeline/order';
import { State, hasEnded, mainSteps } from '../runs/events';
import type { Component, RunView, StepView } from '../types';

/** A component, and what became of it in a run. */
export interface IGraphNode {
  id: string;
  /** Palette index. */
  colour: number;
  state: State | null;
  started: number | null;
  seconds: number | null;
  cached: boolean;
  /** Which cell of how many runs, or how many repetitions of how many are over. */
  progress: { kind: 'cell' | 'part'; at: number; of: number } | null;
  /** The condition that decides whether it runs. */
  when: string | null;
  /** What it is repeated for. */
  foreach: string | null;
  /** Whether an executed notebook can be opened. */
  hasNotebook: boolean;
}

export interface IGraphEdge {
  from: string;
  to: string;
}

export interface IGraph {
  nodes: IGraphNode[];
  edges: IGraphEdge[];
}

/** The graph of a notebook's components, with their states in a run. */
export function graphOfComponents(
  components: readonly Component[],
  run: RunView | undefined
): IGraph {
  const ordered = inGraphOrder(components);
  return {
    nodes: ordered.map(component =>
      node(
        component.name,
        components.indexOf(component),
        component,
        run,
        run?.steps.find(step => step.name === component.name)
      )
    ),
    edges: edges(
      ordered.map(component => [component.name, component.needs] as const)
    )
  };
}

/** The graph of a run; what its steps do not tell is taken from the components of the same names. */
export function graphOfRun(
  run: RunView,
  components: readonly Component[] = []
): IGraph {
  const steps = mainSteps(run);
  return {
    nodes: steps.map((step, index) => {
      const at = components.findIndex(other => other.name === step.name);
      const colour = at < 0 ? index : at;
      return node(step.name, colour, components[at], run, step);
    }),
    edges: edges(steps.map(step => [step.name, step.after] as const))
  };
}

function node(
  id: string,
  colour: number,
  component: Component | undefined,
  run: RunView | undefined,
  step: StepView | undefined
): IGraphNode {
  return {
    id,
    colour,
    state: step?.state ?? null,
    started: step?.started ?? null,
    seconds: step?.seconds ?? null,
    cached: step?.cached ?? false,
    progress: step && run ? progress(step, run) : null,
    when: component?.options.when ?? null,
    foreach: component?.options.foreach ?? null,
    hasNotebook: Boolean(
      step?.notebook || (run && run.target !== 'local' && step?.started)
    )
  };
}

function progress(step: StepView, run: RunView): IGraphNode['progress'] {
  const parts = run.steps.filter(other => other.part_of === step.name);
  if (parts.length) {
    return {
      kind: 'part',
      at: parts.filter(hasEnded).length,
      of: parts.length
    };
  }
  return step.state === 'running' && step.cell !== null && step.cells !== null
    ? { kind: 'cell', at: step.cell, of: step.cells }
    : null;
}

function edges(
  nodes: readonly (readonly [string, readonly string[]])[]
): IGraphEdge[] {
  const names = new Set(nodes.map(([name]) => name));
  return nodes.flatMap(([to, needs]) =>
    [...new Set(needs)]
      .filter(from => names.has(from) && from !== to)
      .map(from => ({ from, to }))
  );
}
