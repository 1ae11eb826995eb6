import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { MDKClient } from './client';
import type {
  Checked,
  Component,
  Finding,
  ModelInfo,
  RunRequest,
  RunView,
  Scheduled
} from './types';

/** The one thing that talks to the server. */
export const IMDKClient = new Token<IMDKClient>(
  'mdk-jupyter:IMDKClient',
  'Asks the MDK server extension.'
);
export type IMDKClient = MDKClient;

/** The panel on the left. */
export interface ISidebar {
  /** Add a collapsible section; its title is `widget.title.label`. */
  addSection(widget: Widget, rank: number): void;
  /** Show the panel, with this section open: the widget, or its id. */
  reveal(section?: Widget | string): void;
}
export const ISidebar = new Token<ISidebar>(
  'mdk-jupyter:ISidebar',
  'The sidebar, to which sections are added.'
);

/** What is known about the pipeline in one open notebook, as it is on the screen. */
export interface IPipeline {
  readonly panel: NotebookPanel;
  /** Contents path of the notebook. */
  readonly path: string;
  /** The last answer of the check; null before the first. */
  readonly checked: Checked | null;
  /** Whether the notebook is a pipeline, or on the way to become one; others are left in peace. */
  readonly isMeant: boolean;
  /** What is wrong, for those who show it unasked: nothing where no pipeline is meant. */
  readonly findings: readonly Finding[];
  /** Whether edits are waiting to be checked. */
  readonly isPending: boolean;
  /** Why there is no answer, for the user. */
  readonly error: string | null;
  readonly stateChanged: ISignal<IPipeline, void>;
  /** Check now. */
  refresh(): Promise<void>;
  component(name: string): Component | undefined;
  /** Name of the component that a cell belongs to, by its id. */
  componentOf(cell: string): string | undefined;
  /** Palette index of a component, for `colour`. */
  colourOf(name: string): number;
  /** Scroll to a cell, and to a line in it (from 1). */
  goTo(cell: string, line?: number): Promise<void>;
}

/** The pipelines of all open notebooks. */
export interface IPipelines {
  /** That of the notebook in front, or last in front. */
  readonly current: IPipeline | null;
  readonly currentChanged: ISignal<IPipelines, IPipeline | null>;
  get(panel: NotebookPanel): IPipeline | null;
  byPath(path: string): IPipeline | null;
}
export const IPipelines = new Token<IPipelines>(
  'mdk-jupyter:IPipelines',
  'The pipelines of the open notebooks, as they are on the screen.'
);

/** A run that is new, or of which something has changed. */
export interface IRunChange {
  run: RunView;
  before: RunView | undefined;
}

/** The runs that are known, local and remote, live. */
export interface IRuns {
  /** Newest first. */
  readonly runs: readonly RunView[];
  /** Whether the list was read once. */
  readonly isReady: boolean;
  /** Whether there are older ones. */
  readonly hasMore: boolean;
  /** Why the list may be old, for the user. */
  readonly error: string | null;
  readonly stateChanged: ISignal<IRuns, void>;
  readonly runChanged: ISignal<IRuns, IRunChange>;
  refresh(): Promise<void>;
  /** Read older ones. */
  more(): Promise<void>;
  /** Look for runs beside a notebook, too. */
  look(path: string): void;
  /** The newest run of a notebook or spec, by its contents path. */
  latest(path: string): RunView | undefined;
  get(id: string): RunView | undefined;
  /**
   * A run, even one that is not in the list.
   *
   * @throws MDKError where there is no such run.
   */
  find(id: string): Promise<RunView>;
  /**
   * Start a run; notebooks are read from disk.
   *
   * @throws MDKError with the findings, where it cannot run.
   */
  start(request: RunRequest): Promise<RunView>;
  /**
   * Let runs begin by the clock: `request.schedule` is a cron line, or "off" for no more.
   *
   * @throws MDKError with the findings, where it cannot run.
   */
  schedule(request: RunRequest): Promise<Scheduled>;
  cancel(run: RunView): Promise<void>;
}
export const IRuns = new Token<IRuns>(
  'mdk-jupyter:IRuns',
  'The runs that are known, live.'
);

/** The models of the registry that are found, live. */
export interface IRegistryModel {
  readonly models: readonly ModelInfo[];
  /** Why the models may be old, for the user. */
  readonly error: Error | null;
  readonly stateChanged: ISignal<IRegistryModel, void>;
  /**
   * Look for models by words, `project:P`, `champion:ENVIRONMENT` and `label:KEY=VALUE`; for versions by `rmse<0.3`,
   * `by:WHO`, `since:DATE`, `until:DATE` and `status:STATUS`, too.
   */
  search(text: string): void;
  refresh(): Promise<void>;
}
export const IRegistryModel = new Token<IRegistryModel>(
  'mdk-jupyter:IRegistryModel',
  'The models of the registry, live.'
);
