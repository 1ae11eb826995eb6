import type { TranslationBundle } from '@jupyterlab/translation';
import {
  CommandToolbarButton,
  PanelWithToolbar,
  ReactWidget
} from '@jupyterlab/ui-components';
import * as React from 'react';

import { Announcer } from '../runs/announcer';
import { CommandIDs } from '../runs/commands';
import type { IPipelines, IRunChange, IRuns } from '../tokens';
import type { RunView } from '../types';
import { IViewProps, PipelineView } from './view';

/** The section of the pipeline in the notebook in front. */
export class PipelineSection extends PanelWithToolbar {
  constructor(options: IViewProps) {
    super();
    const { commands, runs, trans } = options;
    this.addClass('jp-mdk-Section');
    this.title.label = trans.__('Pipeline');
    this.toolbar.node.setAttribute('aria-label', trans.__('Pipeline'));
    for (const id of [
      CommandIDs.run,
      CommandIDs.stop,
      CommandIDs.submit,
      CommandIDs.openGraph,
      CommandIDs.openSpec
    ]) {
      this.toolbar.addItem(
        id,
        new CommandToolbarButton({ commands, id, label: '' })
      );
    }
    const body = ReactWidget.create(<PipelineView {...options} />);
    body.addClass('jp-mdk-Section-body');
    this.addWidget(body);
    this._announcer = new Announcer();
    this.addWidget(this._announcer);
    this._pipelines = options.pipelines;
    this._trans = trans;
    runs.runChanged.connect(this._onRunChanged, this);
  }

  private _onRunChanged(runs: IRuns, { run, before }: IRunChange): void {
    const { current } = this._pipelines;
    if (current && run.id === runs.latest(current.path)?.id) {
      const step = changed(run, before);
      if (step) {
        this._announcer.tell(run, step, this._trans);
      }
    }
  }

  private readonly _announcer: Announcer;
  private readonly _pipelines: IPipelines;
  private readonly _trans: TranslationBundle;
}

/** The step of a run that has entered another state. */
function changed(
  run: RunView,
  before: RunView | undefined
): RunView['steps'][number] | undefined {
  return run.steps.find(
    (step, index) =>
      step.state !== 'waiting' && before?.steps[index]?.state !== step.state
  );
}
