import type { RunEventContent, RunView, StepView } from '../types';

export type State = RunView['state'];

const ENDED: ReadonlySet<State> = new Set([
  'done',
  'failed',
  'skipped',
  'cancelled',
  'interrupted'
]);

/** Whether nothing more will happen. */
export function hasEnded(of: { state: State }): boolean {
  return ENDED.has(of.state);
}

/** The steps that the pipeline names, without the runs of repeated ones. */
export function mainSteps(run: RunView): StepView[] {
  return run.steps.filter(step => step.part_of === null);
}

/** A run after something has happened in it; the same object where nothing that is shown has changed. */
export function after(run: RunView, event: RunEventContent): RunView {
  switch (event.kind) {
    case 'run':
      return event.state ? { ...run, ...runChange(run, event) } : run;
    case 'step':
      return event.step && event.state ? withStep(run, event) : run;
    case 'cell':
      return { ...run, steps: run.steps.map(step => atCell(step, event)) };
    case 'warning':
      return event.message
        ? { ...run, warnings: [...run.warnings, event.message] }
        : run;
    default:
      return run;
  }
}

function runChange(run: RunView, event: RunEventContent): Partial<RunView> {
  const state = event.state as State;
  return {
    state,
    started: run.started ?? (state === 'running' ? event.time : null),
    seconds: event.seconds ?? run.seconds,
    metrics: (event.data?.metrics as RunView['metrics']) ?? run.metrics
  };
}

function withStep(run: RunView, event: RunEventContent): RunView {
  const known = run.steps.some(step => step.name === event.step);
  const steps = known ? run.steps : [...run.steps, newStep(event)];
  return {
    ...run,
    steps: steps.map(step =>
      step.name === event.step ? stepAfter(step, event) : step
    )
  };
}

/** A run of a repeated step, which comes to be while the pipeline runs. */
function newStep(event: RunEventContent): StepView {
  return {
    name: event.step as string,
    state: 'waiting',
    started: null,
    seconds: null,
    cached: false,
    why: '',
    after: (event.data?.after as string[]) ?? [],
    part_of: (event.data?.part_of as string) ?? null,
    cell: null,
    cells: null,
    notebook: null,
    log: null,
    findings: [],
    traceback: null,
    metrics: {}
  };
}

function stepAfter(step: StepView, event: RunEventContent): StepView {
  const state = event.state as State;
  const data = event.data ?? {};
  return {
    ...step,
    state,
    started: state === 'running' ? event.time : step.started,
    seconds: event.seconds ?? (state === 'running' ? null : step.seconds),
    cached: step.cached || Boolean(data.cached_from),
    why: (data.why as string) ?? step.why,
    metrics: (data.metrics as StepView['metrics']) ?? step.metrics,
    findings: (data.findings as StepView['findings']) ?? step.findings,
    traceback: (data.traceback as string) ?? step.traceback,
    notebook: (data.notebook as string) ?? step.notebook,
    ...(state === 'running' ? {} : { cell: null, cells: null })
  };
}

function atCell(step: StepView, event: RunEventContent): StepView {
  return step.name === event.step
    ? {
        ...step,
        cell: event.cell,
        cells: (event.data?.cells as number) ?? step.cells
      }
    : step;
}
