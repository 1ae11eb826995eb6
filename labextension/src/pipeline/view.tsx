import type { TranslationBundle } from '@jupyterlab/translation';
import { notebookIcon, runIcon, type LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { colour } from '../colours';
import { runFromIcon } from '../icons';
import { IconButton } from '../runs/buttons';
import { CommandIDs } from '../runs/commands';
import { hasEnded, mainSteps } from '../runs/events';
import { Failure, FindingText } from '../runs/failure';
import { duration, elapsed, moment } from '../runs/figures';
import { moveAmongRows, useNow, useSignal } from '../live';
import { CachedMark, StateMark, stateName } from '../runs/states';
import type { IPipeline, IPipelines, IRuns } from '../tokens';
import type { Component, Finding, RunView, StepView } from '../types';
import type { Drafts } from './drafts';
import { ParametersForm } from './form';
import { inGraphOrder } from './order';

export interface IViewProps {
  pipelines: IPipelines;
  runs: IRuns;
  drafts: Drafts;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The pipeline of the notebook in front, with the state of its latest run. */
export function PipelineView(props: IViewProps): JSX.Element {
  const { pipelines, trans } = props;
  useSignal(pipelines.currentChanged);
  const pipeline = pipelines.current;
  return pipeline ? (
    <Shown key={pipeline.path} {...props} pipeline={pipeline} />
  ) : (
    <p className="jp-mdk-Empty">
      {trans.__('Open a notebook to see its pipeline.')}
    </p>
  );
}

type Props = IViewProps & { pipeline: IPipeline };

function Shown(props: Props): JSX.Element {
  const { pipeline, runs, drafts, trans } = props;
  useSignal(pipeline.stateChanged);
  useSignal(runs.stateChanged);
  useSignal(drafts.changed);
  const { path, checked } = pipeline;
  const run = runs.latest(path);
  const now = useNow(run !== undefined && !hasEnded(run));
  if (!checked) {
    return (
      <p className="jp-mdk-Empty" role={pipeline.error ? 'alert' : undefined}>
        {pipeline.error ?? trans.__('Reading the notebook…')}
      </p>
    );
  }
  const components = inGraphOrder(checked.components);
  return (
    <>
      <Head {...props} run={run} now={now} />
      {pipeline.error && (
        <p className="jp-mdk-Note" role="alert">
          {pipeline.error}
        </p>
      )}
      {!checked.ok && components.length > 0 && (
        <Errors {...props} findings={checked.findings} />
      )}
      {components.length ? (
        <ul
          className="jp-mdk-Rows"
          aria-label={trans.__('Components of %1', checked.name)}
          onKeyDown={moveAmongRows}
        >
          {components.map(component => (
            <ComponentRow
              key={component.name}
              {...props}
              component={component}
              run={run}
              now={now}
            />
          ))}
        </ul>
      ) : (
        <p className="jp-mdk-Empty">
          {trans.__(
            'No cell belongs to a component yet. Select a cell and give it one.'
          )}
        </p>
      )}
      {checked.parameters.length > 0 && (
        <details className="jp-mdk-Parameters" open>
          <summary>{trans.__('Parameters')}</summary>
          <ParametersForm
            parameters={checked.parameters}
            draft={drafts.get(path)}
            onChange={(name, text) => drafts.set(path, name, text)}
            trans={trans}
          />
        </details>
      )}
    </>
  );
}

function Head(
  props: Props & { run: RunView | undefined; now: number }
): JSX.Element {
  const { pipeline, run, now, commands, trans } = props;
  const file = pipeline.path.split('/').pop() as string;
  return (
    <div className="jp-mdk-Head">
      <span className="jp-mdk-Head-name" title={pipeline.path}>
        {file}
      </span>
      {run && (
        <button
          className="jp-mdk-Head-run"
          data-state={run.state}
          title={trans.__('Show the latest run')}
          onClick={() =>
            void commands.execute(CommandIDs.showRun, { run: run.id })
          }
        >
          <StateMark state={run.state} trans={trans} />
          {told(run, now, trans)}
        </button>
      )}
    </div>
  );
}

function told(run: RunView, now: number, trans: TranslationBundle): string {
  const steps = mainSteps(run);
  if (!hasEnded(run) && steps.length) {
    return trans.__('%1 of %2', steps.filter(hasEnded).length, steps.length);
  }
  return trans.__(
    '%1, %2',
    stateName(run.state, trans),
    moment(run.started, new Date(now * 1000))
  );
}

/** How many errors are told here; the rest are at their cells. */
const MOST = 4;

function Errors(props: Props & { findings: readonly Finding[] }): JSX.Element {
  const { pipeline, commands, trans } = props;
  const errors = props.findings.filter(one => one.severity === 'error');
  return (
    <div className="jp-mdk-Errors">
      <h4 className="jp-mdk-Heading">
        {trans._n(
          '%1 error is in the way of a run',
          '%1 errors are in the way of a run',
          errors.length
        )}
      </h4>
      {errors.slice(0, MOST).map((finding, index) => (
        <FindingText
          key={index}
          finding={finding}
          path={pipeline.path}
          commands={commands}
          trans={trans}
        />
      ))}
    </div>
  );
}

function ComponentRow(
  props: Props & {
    component: Component;
    run: RunView | undefined;
    now: number;
  }
): JSX.Element {
  const { pipeline, component, run, now, commands, trans } = props;
  const { name } = component;
  const step = run?.steps.find(one => one.name === name);
  const style = {
    '--jp-mdk-colour': colour(pipeline.colourOf(name))
  } as React.CSSProperties;
  const button = (icon: LabIcon, label: string, id: string, args: object) => (
    <IconButton
      icon={icon}
      label={label}
      onClick={() => void commands.execute(id, args as Record<string, string>)}
    />
  );
  const { path } = pipeline;
  return (
    <li data-component={name} data-state={step?.state ?? 'none'} style={style}>
      <div className="jp-mdk-Row">
        <button
          className="jp-mdk-Row-main"
          data-row
          title={trans.__('Go to the cell of %1', name)}
          onClick={() => void pipeline.goTo(component.cells[0])}
        >
          <span className="jp-mdk-Dot" />
          <StateMark state={step?.state ?? null} trans={trans} />
          <span className="jp-mdk-Row-name">{name}</span>
          <span className="jp-mdk-Row-note">
            {step && note(step, run, trans)}
          </span>
        </button>
        <span className="jp-mdk-Row-actions">
          {button(runFromIcon, trans.__('Run from %1', name), CommandIDs.run, {
            path,
            from: name
          })}
          {button(runIcon, trans.__('Run only %1', name), CommandIDs.run, {
            path,
            only: name
          })}
          {run &&
            step?.notebook &&
            button(
              notebookIcon,
              trans.__('Open the executed notebook of %1', name),
              CommandIDs.openStep,
              { run: run.id, step: name }
            )}
        </span>
        {step?.cached && <CachedMark trans={trans} />}
        <span className="jp-mdk-Row-time">
          {step && !step.cached && duration(elapsed(step, now))}
        </span>
      </div>
      {step?.state === 'failed' && (
        <Failure step={step} path={path} commands={commands} trans={trans} />
      )}
    </li>
  );
}

/** How far a step is: its cell, or how many of its repetitions are over. */
function note(
  step: StepView,
  run: RunView | undefined,
  trans: TranslationBundle
): string {
  const parts = run?.steps.filter(one => one.part_of === step.name) ?? [];
  if (parts.length) {
    return `${parts.filter(hasEnded).length}/${parts.length}`;
  }
  return step.state === 'running' && step.cell !== null && step.cells !== null
    ? trans.__('cell %1/%2', step.cell, step.cells)
    : '';
}
