import type { TranslationBundle } from '@jupyterlab/translation';
import {
  listIcon,
  notebookIcon,
  redoIcon,
  shareIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { graphIcon } from '../icons';
import type { RunView, StepView } from '../types';
import { IconButton } from './buttons';
import { CommandIDs } from './commands';
import { hasEnded } from './events';
import { Failure } from './failure';
import { duration, elapsed, value } from './figures';
import { CachedMark, StateMark } from './states';

interface IProps {
  run: RunView;
  now: number;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** What is known of a run: what can be done with it, its steps, parameters and metrics. */
export function RunDetails(props: IProps): JSX.Element {
  const { run, trans } = props;
  return (
    <div className="jp-mdk-Details">
      <Actions {...props} />
      <ul
        className="jp-mdk-Rows"
        aria-label={trans.__('Steps of %1', run.pipeline)}
      >
        {run.steps.map(step => (
          <StepRow key={step.name} {...props} step={step} />
        ))}
      </ul>
      {run.warnings.map((warning, index) => (
        <p key={index} className="jp-mdk-Note">
          {warning}
        </p>
      ))}
      <Pairs title={trans.__('Parameters')} pairs={run.parameters} />
      <Pairs title={trans.__('Metrics')} pairs={run.metrics} />
    </div>
  );
}

function Actions({ run, commands, trans }: IProps): JSX.Element {
  const execute = (command: string) => () =>
    void commands.execute(command, { run: run.id });
  return (
    <div className="jp-mdk-Actions">
      <span className="jp-mdk-Actions-where" title={run.id}>
        {run.source ?? run.id}
      </span>
      <IconButton
        icon={graphIcon}
        label={trans.__('Open the graph of this run')}
        onClick={execute(CommandIDs.openGraph)}
      />
      {run.link && (
        <IconButton
          icon={shareIcon}
          label={trans.__('Open this run on its service')}
          onClick={() => window.open(run.link as string, '_blank', 'noopener')}
        />
      )}
      {run.source !== null && hasEnded(run) && (
        <IconButton
          icon={redoIcon}
          label={trans.__('Run again with the same parameters')}
          onClick={execute(CommandIDs.repeat)}
        />
      )}
      {!hasEnded(run) && (
        <IconButton
          icon={stopIcon}
          label={trans.__('Cancel this run')}
          onClick={execute(CommandIDs.cancel)}
        />
      )}
    </div>
  );
}

function StepRow(props: IProps & { step: StepView }): JSX.Element {
  const { run, step, now, commands, trans } = props;
  const isElsewhere = run.target !== 'local';
  const wasStarted = step.started !== null || step.cached;
  const open = (command: string) => () =>
    void commands.execute(command, { run: run.id, step: step.name });
  return (
    <li data-part={step.part_of ?? undefined}>
      <div className="jp-mdk-Row" data-step={step.name}>
        <StateMark state={step.state} trans={trans} />
        <span className="jp-mdk-Row-name" title={step.why || step.name}>
          {step.name}
        </span>
        <span className="jp-mdk-Row-actions">
          {(step.notebook !== null || (isElsewhere && wasStarted)) && (
            <IconButton
              icon={notebookIcon}
              label={trans.__('Open the executed notebook of %1', step.name)}
              onClick={open(CommandIDs.openStep)}
            />
          )}
          {(step.log !== null || (isElsewhere && wasStarted)) && (
            <IconButton
              icon={listIcon}
              label={trans.__('Open the log of %1', step.name)}
              onClick={open(CommandIDs.openLog)}
            />
          )}
        </span>
        {step.cached && <CachedMark trans={trans} />}
        <span className="jp-mdk-Row-time">
          {!step.cached && duration(elapsed(step, now))}
        </span>
      </div>
      {step.state === 'failed' && (
        <Failure
          step={step}
          path={run.source}
          commands={commands}
          trans={trans}
        />
      )}
    </li>
  );
}

function Pairs(props: {
  title: string;
  pairs: Record<string, unknown>;
}): JSX.Element | null {
  const pairs = Object.entries(props.pairs);
  if (!pairs.length) {
    return null;
  }
  return (
    <>
      <h4 className="jp-mdk-Heading">{props.title}</h4>
      <dl className="jp-mdk-Pairs">
        {pairs.map(([name, of]) => (
          <React.Fragment key={name}>
            <dt title={name}>{name}</dt>
            <dd title={value(of)}>{value(of)}</dd>
          </React.Fragment>
        ))}
      </dl>
    </>
  );
}
