import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { IPipelines, IRuns } from '../tokens';
import type { RunRequest, RunView } from '../types';
import { follow, tellProblem, tellSchedule } from './notifying';

/** Starts runs as somebody at the screen expects: of what is on the screen, with news of how it goes. */
export class Starting {
  constructor(options: Starting.IOptions) {
    this._options = options;
  }

  /** Start a run; null where it was not, and then the user knows why. */
  async start(request: RunRequest): Promise<RunView | null> {
    const { runs } = this._options;
    try {
      if (!(await this.save(request.path))) {
        return null;
      }
      const run = await runs.start(request);
      follow(runs, run, this._options);
      return run;
    } catch (reason) {
      tellProblem(reason, request.path, this._options);
      return null;
    }
  }

  /** Let a run begin by the clock, or no more, and tell the user what was done. */
  async schedule(request: RunRequest): Promise<void> {
    try {
      if (await this.save(request.path)) {
        tellSchedule(await this._options.runs.schedule(request));
      }
    } catch (reason) {
      tellProblem(reason, request.path, this._options);
    }
  }

  /** Write a notebook that is open to disk, where runs are made from; false where that was not possible. */
  async save(path: string): Promise<boolean> {
    const { context } = this._options.pipelines.byPath(path)?.panel ?? {};
    if (context?.model.dirty) {
      await context.save();
      return !context.model.dirty;
    }
    return true;
  }

  private readonly _options: Starting.IOptions;
}

export namespace Starting {
  export interface IOptions {
    runs: IRuns;
    pipelines: IPipelines;
    commands: CommandRegistry;
    trans: TranslationBundle;
  }
}
