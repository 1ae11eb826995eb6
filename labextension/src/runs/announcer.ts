import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { RunView, StepView } from '../types';
import { stateName } from './states';

/** Tells those who do not see the page what has changed. */
export class Announcer extends Widget {
  constructor() {
    super();
    this.addClass('jp-mdk-Announcer');
    this.node.setAttribute('role', 'status');
    this.node.setAttribute('aria-live', 'polite');
  }

  tell(run: RunView, step: StepView | null, trans: TranslationBundle): void {
    this.node.textContent = step
      ? trans.__(
          '%1, step %2: %3',
          run.pipeline,
          step.name,
          stateName(step.state, trans)
        )
      : trans.__('%1: %2', run.pipeline, stateName(run.state, trans));
  }
}
