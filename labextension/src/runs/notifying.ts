import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { MDKError } from '../client';
import type { IRunChange, IRuns } from '../tokens';
import type { Finding, RunView, Scheduled } from '../types';
import { CommandIDs } from './commands';
import { hasEnded } from './events';
import { duration } from './figures';

/** How long good news stays (ms). */
const GOOD_NEWS = 5000;

interface IOptions {
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** Notify of a run until it has ended. */
export function follow(runs: IRuns, run: RunView, options: IOptions): void {
  const { commands, trans } = options;
  const open = {
    label: trans.__('Open'),
    caption: trans.__('Show this run in the sidebar'),
    callback: () => void commands.execute(CommandIDs.showRun, { run: run.id })
  };
  Notification.promise(ended(runs, run), {
    pending: {
      message: trans.__('%1 is running', run.pipeline),
      options: { autoClose: GOOD_NEWS, actions: [open] }
    },
    success: {
      message: () => {
        const { seconds } = runs.get(run.id) ?? run;
        return trans.__('%1 is done in %2', run.pipeline, duration(seconds));
      },
      options: { autoClose: GOOD_NEWS, actions: [open] }
    },
    error: {
      message: () => ending(runs.get(run.id) ?? run, trans),
      options: { autoClose: false, actions: [open] }
    }
  });
}

function ending(run: RunView, trans: TranslationBundle): string {
  const failed = run.steps.find(step => step.state === 'failed');
  if (failed) {
    return trans.__('%1: step %2 failed', run.pipeline, failed.name);
  }
  return run.state === 'cancelled'
    ? trans.__('%1 was cancelled', run.pipeline)
    : trans.__('%1 has not ended well', run.pipeline);
}

/** Resolves when a run is done; rejects where it ends otherwise. */
function ended(runs: IRuns, run: RunView): Promise<null> {
  return new Promise((resolve, reject) => {
    const settle = (now: RunView) => {
      if (now.id === run.id && hasEnded(now)) {
        runs.runChanged.disconnect(onChange);
        if (now.state === 'done') {
          resolve(null);
        } else {
          reject(new Error(now.state));
        }
      }
    };
    const onChange = (_: IRuns, change: IRunChange) => settle(change.run);
    runs.runChanged.connect(onChange);
    settle(runs.get(run.id) ?? run);
  });
}

/** Tell what was done about a schedule. */
export function tellSchedule({ text }: Scheduled): void {
  Notification.success(text, { autoClose: GOOD_NEWS });
}

/** Tell why something was not done; where a cell is at fault, with the way there. */
export function tellProblem(
  reason: unknown,
  path: string | null,
  options: IOptions
): void {
  const { commands, trans } = options;
  const findings = reason instanceof MDKError ? reason.findings : [];
  const finding = findings.find(one => one.severity === 'error') ?? findings[0];
  const message = finding?.message ?? (reason as Error).message;
  const rest = findings.filter(one => one.severity === 'error').length - 1;
  Notification.error(
    rest > 0
      ? trans._n(
          '%2 (and %1 more error)',
          '%2 (and %1 more errors)',
          rest,
          message
        )
      : message,
    {
      autoClose: false,
      actions: finding ? wayTo(finding, path, commands, trans) : []
    }
  );
}

function wayTo(
  finding: Finding,
  path: string | null,
  commands: CommandRegistry,
  trans: TranslationBundle
): Notification.IAction[] {
  const { cell, cell_id: id, line } = finding;
  if (path === null || id === null || cell === null) {
    return [];
  }
  return [
    {
      label: trans.__('Go to cell %1', cell),
      callback: () =>
        void commands.execute(CommandIDs.goToCell, {
          path,
          cell: id,
          ...(line === null ? {} : { line })
        })
    }
  ];
}
