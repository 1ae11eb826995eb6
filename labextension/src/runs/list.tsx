import type { TranslationBundle } from '@jupyterlab/translation';
import {
  HTMLSelect,
  caretDownIcon,
  caretRightIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { IRuns } from '../tokens';
import type { RunView } from '../types';
import { RunDetails } from './details';
import { State, hasEnded, mainSteps } from './events';
import { duration, elapsed, moment } from './figures';
import { EVERYTHING, IFilter, matching } from './filter';
import { moveAmongRows, useNow, useSignal } from '../live';
import type { Selection } from './selection';
import { StateMark, stateName } from './states';

interface IProps {
  runs: IRuns;
  selection: Selection;
  /** Ids of the runs that are unfolded. */
  unfolded: ReadonlySet<string>;
  onFold: (id: string) => void;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The list of runs, with its filter. */
export function RunList(props: IProps): JSX.Element {
  const { runs, selection, trans } = props;
  useSignal(runs.stateChanged);
  useSignal(selection.changed);
  const [filter, setFilter] = React.useState<IFilter>(EVERYTHING);
  const now = useNow(runs.runs.some(run => !hasEnded(run)));
  const shown = matching(runs.runs, filter);
  return (
    <>
      <Filter filter={filter} onChange={setFilter} trans={trans} />
      {runs.error && (
        <p className="jp-mdk-Note" role="alert">
          {trans.__('This list may be old. %1', runs.error)}
        </p>
      )}
      {!shown.length && (
        <p className="jp-mdk-Empty">{emptiness(runs, trans)}</p>
      )}
      <ul
        className="jp-mdk-Rows"
        aria-label={trans.__('Runs')}
        onKeyDown={moveAmongRows}
      >
        {shown.map(run => (
          <RunRow key={run.id} {...props} run={run} now={now} />
        ))}
      </ul>
      {runs.hasMore && (
        <button
          className="jp-mdk-Link jp-mdk-More"
          onClick={() => void runs.more()}
        >
          {trans.__('Show older runs')}
        </button>
      )}
    </>
  );
}

function emptiness(runs: IRuns, trans: TranslationBundle): string {
  if (!runs.isReady) {
    return runs.error ? '' : trans.__('Reading the runs…');
  }
  return runs.runs.length
    ? trans.__('No run matches the filter.')
    : trans.__('Nothing has run here yet.');
}

function RunRow(props: IProps & { run: RunView; now: number }): JSX.Element {
  const { run, now, selection, unfolded, onFold, commands, trans } = props;
  const isOpen = unfolded.has(run.id);
  const Caret = isOpen ? caretDownIcon : caretRightIcon;
  const where = run.environment ?? (run.target === 'local' ? '' : run.target);
  return (
    <li
      className="jp-mdk-Run"
      data-run={run.id}
      data-state={run.state}
      data-chosen={selection.has(run.id) || undefined}
    >
      <div className="jp-mdk-Row">
        <input
          type="checkbox"
          className="jp-mdk-Row-choice"
          checked={selection.has(run.id)}
          onChange={() => selection.toggle(run.id)}
          aria-label={trans.__(
            'Choose %1 of %2 for a comparison',
            run.pipeline,
            moment(run.started, new Date(now * 1000))
          )}
        />
        <button
          className="jp-mdk-Row-main"
          data-row
          aria-expanded={isOpen}
          onClick={() => onFold(run.id)}
        >
          <Caret.react tag="span" className="jp-mdk-Caret" width="16px" />
          <StateMark state={run.state} trans={trans} />
          <span className="jp-mdk-Row-name" title={run.source ?? run.pipeline}>
            {run.pipeline}
          </span>
          {where && (
            <span
              className="jp-mdk-Badge"
              data-protected={run.protected || undefined}
            >
              {where}
            </span>
          )}
          <span className="jp-mdk-Row-note">{progress(run, now)}</span>
          <span className="jp-mdk-Row-time">{duration(elapsed(run, now))}</span>
        </button>
      </div>
      {isOpen && (
        <RunDetails run={run} now={now} commands={commands} trans={trans} />
      )}
    </li>
  );
}

/** While it runs: how many steps are over; afterwards: when it was. */
function progress(run: RunView, now: number): string {
  const steps = mainSteps(run);
  return hasEnded(run) || !steps.length
    ? moment(run.started, new Date(now * 1000))
    : `${steps.filter(hasEnded).length}/${steps.length}`;
}

const STATES: State[] = ['done', 'failed', 'cancelled', 'interrupted'];

function Filter(props: {
  filter: IFilter;
  onChange: (filter: IFilter) => void;
  trans: TranslationBundle;
}): JSX.Element {
  const { filter, onChange, trans } = props;
  return (
    <div className="jp-mdk-Filter">
      <input
        className="jp-mod-styled"
        type="search"
        placeholder={trans.__('Filter runs')}
        aria-label={trans.__('Filter runs')}
        value={filter.text}
        onChange={event => onChange({ ...filter, text: event.target.value })}
      />
      <HTMLSelect
        aria-label={trans.__('State of the runs')}
        value={filter.state}
        onChange={event =>
          onChange({ ...filter, state: event.target.value as IFilter['state'] })
        }
      >
        <option value="">{trans.__('any state')}</option>
        <option value="active">{trans.__('active')}</option>
        {STATES.map(state => (
          <option key={state} value={state}>
            {stateName(state, trans)}
          </option>
        ))}
      </HTMLSelect>
      <HTMLSelect
        aria-label={trans.__('Target of the runs')}
        value={filter.target}
        onChange={event =>
          onChange({
            ...filter,
            target: event.target.value as IFilter['target']
          })
        }
      >
        <option value="">{trans.__('anywhere')}</option>
        <option value="local">{trans.__('local')}</option>
        <option value="vertex">{trans.__('Vertex AI')}</option>
        <option value="kfp">{trans.__('Kubeflow')}</option>
      </HTMLSelect>
    </div>
  );
}
