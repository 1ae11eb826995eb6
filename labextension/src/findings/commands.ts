import { Dialog, showDialog } from '@jupyterlab/apputils';
import { showPopup } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Widget } from '@lumino/widgets';

import { MDKError } from '../client';
import type { IMDKClient, IPipeline, IPipelines } from '../tokens';
import type { Checked, Finding } from '../types';
import { FindingsList, sorted } from './list';
import { countOf } from './rendering';

export namespace CommandIDs {
  export const show = 'mdk:show-findings';
  export const goTo = 'mdk:go-to-finding';
  export const next = 'mdk:next-finding';
  export const previous = 'mdk:previous-finding';
  export const check = 'mdk:check-notebook';
}

export interface ICommandOptions {
  commands: CommandRegistry;
  client: IMDKClient;
  pipelines: IPipelines;
  trans: TranslationBundle;
  /** Open a notebook, and return its pipeline. */
  open: (path: string) => Promise<IPipeline | null>;
  /** Above which the list is shown; without one it is a dialog. */
  anchor: () => Widget | null;
}

/** Add the commands that show findings and go to them. */
export function addCommands(options: ICommandOptions): void {
  const { anchor, client, commands, open, pipelines, trans } = options;
  const nothing = { args: { type: 'object', properties: {} } } as const;
  const isEnabled = () => pipelines.current !== null;

  const goTo = async (pipeline: IPipeline, finding: Finding) => {
    if (finding.cell_id !== null) {
      await pipeline.goTo(finding.cell_id, finding.line ?? undefined);
    }
  };

  const ask = async (
    title: string,
    findings: readonly Finding[],
    choose: (finding: Finding) => void
  ) => {
    const dialog = new Dialog({
      title,
      body: new FindingsList(
        findings,
        finding => {
          dialog.reject();
          choose(finding);
        },
        trans
      ),
      focusNodeSelector: '.jp-mdk-Findings button',
      buttons: [Dialog.okButton({ label: trans.__('Close') })]
    });
    dialog.addClass('jp-mdk-FindingsDialog');
    await dialog.launch();
  };

  const list = async (pipeline: IPipeline) => {
    const findings = pipeline.checked?.findings ?? [];
    const above = anchor();
    if (!above?.isVisible) {
      await ask(countOf(findings, trans), findings, finding => {
        void goTo(pipeline, finding);
      });
      return;
    }
    const body = new FindingsList(
      findings,
      finding => {
        // Without the focus it goes by itself.
        (document.activeElement as HTMLElement | null)?.blur();
        popup?.dispose();
        void goTo(pipeline, finding);
      },
      trans
    );
    const popup = showPopup({ body, anchor: above, align: 'right' });
    body.activate();
  };

  commands.addCommand(CommandIDs.show, {
    label: trans.__('Show Findings'),
    caption: trans.__('What is wrong with the pipeline of this notebook'),
    describedBy: nothing,
    isEnabled,
    execute: async () => {
      if (pipelines.current) {
        await list(pipelines.current);
      }
    }
  });

  commands.addCommand(CommandIDs.goTo, {
    label: trans.__('Go to Finding'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          cell: {
            type: 'string',
            description: trans.__(
              'Id of the cell whose first finding is meant; without it the first of all'
            )
          }
        }
      }
    },
    isEnabled,
    execute: async args => {
      const pipeline = pipelines.current;
      const found = sorted(pipeline?.checked?.findings ?? []).find(
        ({ cell_id }) => args.cell === undefined || args.cell === cell_id
      );
      if (pipeline && found) {
        await goTo(pipeline, found);
      }
    }
  });

  const step = (by: 1 | -1) => async () => {
    const pipeline = pipelines.current;
    const next = pipeline && neighbour(pipeline, by);
    if (next) {
      await goTo(pipeline, next);
    }
  };
  commands.addCommand(CommandIDs.next, {
    label: trans.__('Go to Next Finding'),
    describedBy: nothing,
    isEnabled,
    execute: step(1)
  });
  commands.addCommand(CommandIDs.previous, {
    label: trans.__('Go to Previous Finding'),
    describedBy: nothing,
    isEnabled,
    execute: step(-1)
  });

  commands.addCommand(CommandIDs.check, {
    label: trans.__('Check Pipeline'),
    caption: trans.__('Check whether a notebook is a sound pipeline'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: {
            type: 'string',
            description: trans.__(
              'Contents path of a notebook; without it the one in front'
            )
          }
        }
      }
    },
    isEnabled: args => args.path !== undefined || isEnabled(),
    execute: async args => {
      const path = args.path as string | undefined;
      const pipeline =
        path === undefined ? pipelines.current : pipelines.byPath(path);
      if (pipeline) {
        await pipeline.refresh();
        await list(pipeline);
        return pipeline.checked?.findings;
      }
      if (path === undefined) {
        return;
      }
      try {
        const checked = await client.ask<Checked>('check', {
          method: 'POST',
          body: { path }
        });
        const title = `${path}: ${countOf(checked.findings, trans)}`;
        await ask(title, checked.findings, finding => {
          void open(path).then(opened => opened && goTo(opened, finding));
        });
        return checked.findings;
      } catch (error) {
        await showDialog({
          title: trans.__('%1 cannot be checked', path),
          body: error instanceof MDKError ? error.message : String(error),
          buttons: [Dialog.okButton()]
        });
      }
    }
  });
}

/** The finding after or before the cursor, in the order of the page, round and round. */
function neighbour(pipeline: IPipeline, by: 1 | -1): Finding | undefined {
  const { activeCell, activeCellIndex, mode } = pipeline.panel.content;
  const here =
    activeCellIndex * 1e6 +
    (mode === 'edit'
      ? (activeCell?.editor?.getCursorPosition().line ?? 0) + 1
      : by === 1
        ? -1
        : 0);
  const place = ({ cell, line }: Finding) => (cell! - 1) * 1e6 + (line ?? 0);
  const found = (pipeline.checked?.findings ?? [])
    .filter(({ cell_id }) => cell_id !== null)
    .sort((one, other) => by * (place(one) - place(other)));
  return found.find(finding => by * (place(finding) - here) > 0) ?? found[0];
}
