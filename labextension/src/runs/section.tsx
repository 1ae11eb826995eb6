import type { TranslationBundle } from '@jupyterlab/translation';
import {
  CommandToolbarButton,
  PanelWithToolbar,
  ReactWidget
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { IRunChange, IRuns } from '../tokens';
import { CommandIDs } from './commands';
import { RunList } from './list';
import { Selection } from './selection';
import { Announcer } from './announcer';

/** The section of all runs. */
export class RunsSection extends PanelWithToolbar {
  constructor(options: RunsSection.IOptions) {
    super();
    const { commands, runs, trans } = options;
    this.addClass('jp-mdk-Section');
    this.title.label = trans.__('Runs');
    this.toolbar.node.setAttribute('aria-label', trans.__('Runs'));
    for (const id of [CommandIDs.compare, CommandIDs.refreshRuns]) {
      this.toolbar.addItem(
        id,
        new CommandToolbarButton({ commands, id, label: '' })
      );
    }
    this._body = new RunsBody(options);
    this.addWidget(this._body);
    const announcer = new Announcer();
    this.addWidget(announcer);
    runs.runChanged.connect((_: IRuns, { run, before }: IRunChange) => {
      if (before && before.state !== run.state) {
        announcer.tell(run, null, trans);
      }
    }, this);
  }

  /** Unfold a run and bring it into view. */
  reveal(run: string): void {
    this._body.reveal(run);
  }

  private readonly _body: RunsBody;
}

export namespace RunsSection {
  export interface IOptions {
    runs: IRuns;
    selection: Selection;
    commands: CommandRegistry;
    trans: TranslationBundle;
  }
}

class RunsBody extends ReactWidget {
  constructor(private readonly _options: RunsSection.IOptions) {
    super();
    this.addClass('jp-mdk-Section-body');
  }

  reveal(run: string): void {
    this._unfolded = new Set([...this._unfolded, run]);
    this.update();
    requestAnimationFrame(() =>
      this.node
        .querySelector(`[data-run="${run}"]`)
        ?.scrollIntoView({ block: 'nearest' })
    );
  }

  protected render(): JSX.Element {
    const fold = (id: string) => {
      const now = new Set(this._unfolded);
      if (!now.delete(id)) {
        now.add(id);
      }
      this._unfolded = now;
      this.update();
    };
    return (
      <RunList {...this._options} unfolded={this._unfolded} onFold={fold} />
    );
  }

  private _unfolded: ReadonlySet<string> = new Set();
}
