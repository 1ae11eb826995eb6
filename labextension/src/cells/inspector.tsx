import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, UseSignal } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import React from 'react';

import { useSignal } from '../live';
import type { IPipelines } from '../tokens';
import { CommandIDs } from './commands';
import { OptionsForm } from './form';
import type { Writing } from './writing';

export interface ICellFormProps {
  commands: CommandRegistry;
  pipelines: IPipelines;
  writing: Writing;
  trans: TranslationBundle;
}

/** What the active cell is for, in the Property Inspector: shown and written in the style of the notebook. */
export function CellForm(props: ICellFormProps): JSX.Element {
  const { tracker } = props.writing;
  return (
    <UseSignal signal={tracker.activeCellChanged} initialSender={tracker}>
      {() => <Watched {...props} />}
    </UseSignal>
  );
}

/** Drawn again when the cells change, and when they were checked; what is being typed stays. */
function Watched(props: ICellFormProps): JSX.Element | null {
  const { pipelines, writing } = props;
  const { panel } = writing;
  useSignal(panel?.content.modelContentChanged);
  useSignal((panel && pipelines.get(panel))?.stateChanged);
  return panel && <Fields {...props} />;
}

function Fields(props: ICellFormProps): JSX.Element | null {
  const { commands, pipelines, trans, writing } = props;
  const id = writing.activeCell?.model.id;
  const { roles, panel } = writing;
  if (id === undefined || writing.activeCell?.model.type !== 'code') {
    return <p>{trans.__('Code cells alone can be part of a pipeline.')}</p>;
  }
  const role = roles.of(id);
  const pipeline = panel && pipelines.get(panel);
  const findings = (pipeline?.checked?.findings ?? []).filter(
    finding => finding.cell_id === id
  );
  const choices: [string, string][] = [
    ['exploration', trans.__('No component')],
    ['parameters', trans.__('Parameters')],
    ['skip', trans.__('Skip')],
    ...roles.components.map(name => [`:${name}`, name] as [string, string]),
    ['new', trans.__('New component…')]
  ];
  const choose = (value: string) => {
    const kinds: Record<string, string> = {
      exploration: CommandIDs.clear,
      parameters: CommandIDs.parameters,
      skip: CommandIDs.skip,
      new: CommandIDs.create
    };
    void (value.startsWith(':')
      ? commands.execute(CommandIDs.assign, {
          component: value.slice(1),
          cells: [id]
        })
      : commands.execute(kinds[value], { cells: [id] }));
  };
  const { component } = role;
  return (
    <div className="jp-mdk-CellForm">
      <div className="jp-mdk-OptionsForm-field">
        <label htmlFor="jp-mdk-CellForm-role">{trans.__('Component')}</label>
        <HTMLSelect
          id="jp-mdk-CellForm-role"
          disabled={!commands.isEnabled(CommandIDs.clear)}
          value={component === null ? role.kind : `:${component}`}
          onChange={event => choose(event.target.value)}
        >
          {choices.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </HTMLSelect>
      </div>
      {component !== null && (
        <OptionsForm
          key={component}
          options={roles.optionsOf(component)}
          components={roles.components.filter(name => name !== component)}
          disabled={!writing.isReady}
          trans={trans}
          onChange={(word, values) =>
            writing.write(
              writing.roles.setOptions(component, { [word]: values })
            )
          }
        />
      )}
      <ul className="jp-mdk-CellForm-findings" aria-live="polite">
        {findings.map((finding, index) => (
          <li key={index} className={`jp-mod-${finding.severity}`}>
            {finding.message}
          </li>
        ))}
      </ul>
    </div>
  );
}
