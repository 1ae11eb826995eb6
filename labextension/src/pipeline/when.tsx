import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Finding } from '../types';
import { type ISchedule, timeZones, type When } from './schedule';

interface IProps {
  schedule: ISchedule;
  onChange: (schedule: ISchedule) => void;
  /** What the server says of it. */
  problem: Finding | undefined;
  trans: TranslationBundle;
}

/** Asks when a pipeline runs. */
export function WhenFields(props: IProps): JSX.Element {
  const { schedule, onChange, trans } = props;
  const name = React.useId();
  const choices: [When, string][] = [
    ['now', trans.__('Once, now')],
    ['scheduled', trans.__('On a schedule')],
    ['off', trans.__('No more: end its schedule')]
  ];
  return (
    <fieldset className="jp-mdk-Submit-when">
      <legend>{trans.__('When')}</legend>
      <div className="jp-mdk-Submit-choices">
        {choices.map(([when, label]) => (
          <label key={when} className="jp-mdk-Check">
            <input
              type="radio"
              name={name}
              checked={schedule.when === when}
              onChange={() => onChange({ ...schedule, when })}
            />
            {label}
          </label>
        ))}
      </div>
      {schedule.when === 'scheduled' && <Clock {...props} />}
      {schedule.when === 'off' && (
        <p className="jp-mdk-Field-help">
          {trans.__(
            'The clock starts it no more in this environment; runs that have begun go on. In a terminal: mdk submit --schedule off.'
          )}
        </p>
      )}
    </fieldset>
  );
}

function Clock(props: IProps): JSX.Element {
  const { schedule, onChange, problem, trans } = props;
  const id = React.useId();
  const zones = React.useMemo(timeZones, []);
  const isWrong = problem !== undefined;
  return (
    <div className="jp-mdk-Form">
      <div className="jp-mdk-Field">
        <label htmlFor={`${id}-cron`}>{trans.__('Times')}</label>
        <span className="jp-mdk-Field-input">
          <input
            id={`${id}-cron`}
            className={`jp-mod-styled ${isWrong ? 'jp-mod-error' : ''}`}
            type="text"
            required
            spellCheck={false}
            placeholder="0 6 * * 1"
            value={schedule.cron}
            aria-invalid={isWrong}
            aria-describedby={`${id}-help`}
            onChange={event =>
              onChange({ ...schedule, cron: event.target.value })
            }
          />
        </span>
        <span
          id={`${id}-help`}
          className="jp-mdk-Field-help"
          aria-live="polite"
          data-problem={isWrong || undefined}
        >
          {problem
            ? `${problem.message}; ${problem.fix}`
            : trans.__(
                'Minute, hour, day of the month, month and weekday; 0 6 * * 1 is every Monday at 6.'
              )}
        </span>
      </div>
      <div className="jp-mdk-Field">
        <label htmlFor={`${id}-zone`}>{trans.__('Time zone')}</label>
        <span className="jp-mdk-Field-input">
          <input
            id={`${id}-zone`}
            className="jp-mod-styled"
            type="text"
            list={`${id}-zones`}
            spellCheck={false}
            value={schedule.zone}
            aria-describedby={`${id}-zone-help`}
            onChange={event =>
              onChange({ ...schedule, zone: event.target.value })
            }
          />
          <datalist id={`${id}-zones`}>
            {zones.map(zone => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </span>
        <span id={`${id}-zone-help`} className="jp-mdk-Field-help">
          {trans.__(
            'Where it is empty, that of the service. A pipeline has one schedule in an environment: this one takes the place of another.'
          )}
        </span>
      </div>
    </div>
  );
}
