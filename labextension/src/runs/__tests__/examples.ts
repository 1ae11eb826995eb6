import type { RunView, StepView } from '../../types';

export function step(name: string, more: Partial<StepView> = {}): StepView {
  return {
    name,
    state: 'waiting',
    started: null,
    seconds: null,
    cached: false,
    why: '',
    after: [],
    part_of: null,
    cell: null,
    cells: null,
    notebook: null,
    log: null,
    findings: [],
    traceback: null,
    metrics: {},
    ...more
  };
}

export function run(id: string, more: Partial<RunView> = {}): RunView {
  return {
    id,
    store: '',
    pipeline: 'flow',
    source: 'flow.ipynb',
    target: 'local',
    environment: null,
    state: 'running',
    started: 1,
    seconds: null,
    parameters: {},
    metrics: {},
    steps: [step('load'), step('train', { after: ['load'] })],
    warnings: [],
    link: null,
    protected: false,
    ...more
  };
}
