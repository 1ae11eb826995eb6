import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { MDKError } from '../client';
import { nameButton } from '../presenting';
import type { IMDKClient } from '../tokens';
import type {
  About,
  EnvironmentInfo,
  Finding,
  ParameterInfo,
  Planned,
  RunRequest
} from '../types';
import { ParametersForm } from './form';
import { Draft, parsed, withText } from './parameters';
import {
  asRequested,
  BAD_SCHEDULE,
  isOpen,
  type ISchedule,
  noSchedule,
  type When
} from './schedule';
import { WhenFields } from './when';

/** How long nothing must have been typed before the plan is made anew (ms). */
const QUIET = 400;

interface IOptions {
  client: IMDKClient;
  path: string;
  parameters: readonly ParameterInfo[];
  draft: Draft;
  /** The environment that is offered first. */
  environment?: string;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** Ask where to submit a pipeline to, and show what would be done; null where it is not to be done. */
export async function askToSubmit(
  options: IOptions
): Promise<RunRequest | null> {
  const { trans } = options;
  const body = new SubmitForm(options);
  const result = await showDialog({
    title: trans.__('Submit %1', options.path.split('/').pop()),
    body,
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Submit') })
    ]
  });
  const submission = result.button.accept ? result.value : null;
  if (!submission?.planned) {
    return null;
  }
  const { environment, target, schedule } = submission.planned.plan;
  const { when, parameters } = submission;
  const isAsked = submission.planned.protected;
  if (isAsked && !(await isSure(environment, when, options))) {
    return null;
  }
  const request = { path: options.path, target, environment, parameters };
  return schedule === null ? request : { ...request, schedule };
}

async function isSure(
  environment: string,
  when: When,
  { path, trans }: IOptions
): Promise<boolean> {
  const titles = {
    now: trans.__('Submit to %1?', environment),
    scheduled: trans.__('Schedule in %1?', environment),
    off: trans.__('End the schedule in %1?', environment)
  };
  const labels = {
    now: trans.__('Submit to %1', environment),
    scheduled: trans.__('Schedule in %1', environment),
    off: trans.__('End it in %1', environment)
  };
  const { button } = await showDialog({
    title: titles[when],
    body: trans.__(
      '%1 is a protected environment. What %2 does there, it does to what others rely on.',
      environment,
      path
    ),
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: labels[when] })]
  });
  return button.accept;
}

/** What was chosen; without a plan nothing can be submitted. */
interface ISubmission {
  planned: Planned | null;
  parameters: Record<string, unknown>;
  when: When;
}

class SubmitForm
  extends ReactWidget
  implements Dialog.IBodyWidget<ISubmission>
{
  constructor(private readonly _options: IOptions) {
    super();
    this.addClass('jp-mdk-Submit');
  }

  getValue(): ISubmission {
    return this._submission;
  }

  protected render(): JSX.Element {
    return (
      <Form
        {...this._options}
        onChange={submission => {
          this._submission = submission;
          this._nameButton();
          // Lets the dialog look again for `jp-mod-error`, which holds its button back.
          this.node.dispatchEvent(new Event('input', { bubbles: true }));
        }}
      />
    );
  }

  /** Let the dialog's button say what it does. */
  private _nameButton(): void {
    const { trans } = this._options;
    const labels = {
      now: trans.__('Submit'),
      scheduled: trans.__('Schedule'),
      off: trans.__('End Schedule')
    };
    const button = this.node
      .closest('.jp-Dialog')
      ?.querySelector('.jp-Dialog-button.jp-mod-accept');
    if (button) {
      nameButton(button, labels[this._submission.when]);
    }
  }

  private _submission: ISubmission = {
    planned: null,
    parameters: {},
    when: 'now'
  };
}

function Form(
  props: IOptions & { onChange: (submission: ISubmission) => void }
): JSX.Element {
  const { client, path, parameters, trans, onChange } = props;
  const [draft, setDraft] = React.useState<Draft>(props.draft);
  const [places, setPlaces] = React.useState<EnvironmentInfo[] | null>(null);
  const [chosen, setChosen] = React.useState(props.environment ?? '');
  const [problem, setProblem] = React.useState<Error | null>(null);
  const { values, problems } = parsed(parameters, draft, trans);
  const [schedule, setSchedule] = React.useState<ISchedule>(noSchedule);
  const { when } = schedule;
  const asked = asRequested(schedule);
  const isRight = Object.keys(problems).length === 0 && !isOpen(schedule);
  const question = JSON.stringify([chosen, values, asked]);
  const [answer, setAnswer] = React.useState<[string, Planned] | null>(null);
  const planned = isRight && answer?.[0] === question ? answer[1] : null;

  React.useEffect(() => {
    client
      .ask<About>('about', { query: { path } })
      .then(({ environments }) => {
        setPlaces(environments);
        const able = environments.filter(one => one.target !== null);
        setChosen(before => before || able[0]?.name || '');
      })
      .catch(setProblem);
  }, [client, path]);

  React.useEffect(() => {
    if (!isRight || !chosen) {
      return;
    }
    const stop = new AbortController();
    const timer = window.setTimeout(() => {
      client
        .ask<Planned>('plans', {
          method: 'POST',
          body: {
            path,
            environment: chosen,
            parameters: values,
            schedule: asked
          },
          signal: stop.signal
        })
        .then(found => {
          setProblem(null);
          setAnswer([question, found]);
        })
        .catch((reason: Error) => !stop.signal.aborted && setProblem(reason));
    }, QUIET);
    return () => {
      window.clearTimeout(timer);
      stop.abort();
    };
  }, [question, isRight]);

  React.useEffect(
    () => onChange({ planned, parameters: values, when }),
    [planned, question, when]
  );

  const able = places?.filter(one => one.target !== null) ?? [];
  if (places && !able.length) {
    return <NoPlace trans={trans} />;
  }
  const findings = problem instanceof MDKError ? problem.findings : [];
  const onSchedule = findings.find(({ code }) => code === BAD_SCHEDULE);
  const told = onSchedule && findings.length === 1 ? null : problem;
  return (
    <>
      <label className="jp-mdk-Submit-place">
        {trans.__('Environment')}
        <HTMLSelect
          value={chosen}
          onChange={event => setChosen(event.target.value)}
        >
          {able.map(one => (
            <option key={one.name} value={one.name}>
              {one.protected
                ? trans.__('%1 (protected), %2', one.name, one.target)
                : trans.__('%1, %2', one.name, one.target)}
            </option>
          ))}
        </HTMLSelect>
      </label>
      {parameters.length > 0 && (
        <fieldset className="jp-mdk-Submit-parameters">
          <legend>{trans.__('Parameters')}</legend>
          <ParametersForm
            parameters={parameters}
            draft={draft}
            onChange={(name, text) => setDraft(withText(draft, name, text))}
            trans={trans}
          />
        </fieldset>
      )}
      <WhenFields
        schedule={schedule}
        onChange={setSchedule}
        problem={asked === undefined ? undefined : onSchedule}
        trans={trans}
      />
      <h4 className="jp-mdk-Heading">{trans.__('What will be done')}</h4>
      {told ? (
        <Problem problem={told} trans={trans} />
      ) : (
        <Plan planned={planned} isAwaited={isRight && !problem} trans={trans} />
      )}
      {!planned && <span className="jp-mod-error" hidden />}
    </>
  );
}

function NoPlace({ trans }: { trans: TranslationBundle }): JSX.Element {
  return (
    <p className="jp-mdk-Note jp-mod-error" role="alert">
      {trans.__(
        'No environment of this project says where pipelines run. Give one a target in mdk.yaml: vertex or kfp.'
      )}
    </p>
  );
}

function Problem(props: {
  problem: Error;
  trans: TranslationBundle;
}): JSX.Element {
  const { problem } = props;
  const findings = problem instanceof MDKError ? problem.findings : [];
  return (
    <div className="jp-mdk-Submit-plan" role="alert">
      {findings.length ? (
        findings.map((finding, index) => <Told key={index} finding={finding} />)
      ) : (
        <p>{problem.message}</p>
      )}
    </div>
  );
}

function Plan(props: {
  planned: Planned | null;
  /** Whether it is being made. */
  isAwaited: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { planned, isAwaited, trans } = props;
  return (
    <div className="jp-mdk-Submit-plan" aria-live="polite">
      {planned ? (
        <>
          {planned.warnings.map((finding, index) => (
            <Told key={index} finding={finding} />
          ))}
          <pre tabIndex={0} aria-label={trans.__('Plan')}>
            {planned.text}
          </pre>
        </>
      ) : (
        <p className="jp-mdk-Empty">
          {isAwaited
            ? trans.__('Making the plan…')
            : trans.__('The plan is made when all above is filled in.')}
        </p>
      )}
    </div>
  );
}

function Told({ finding }: { finding: Finding }): JSX.Element {
  return (
    <div className="jp-mdk-Finding" data-severity={finding.severity}>
      <p>{finding.message}</p>
      {finding.fix && <p className="jp-mdk-Finding-fix">{finding.fix}</p>}
    </div>
  );
}
