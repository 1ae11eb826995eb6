import type { INotebookTools } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
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

/**
 * The form of the active cell in the Property Inspector.
 *
 * It is a tool of its own and no metadata form: JupyterLab makes those anew at each change of metadata, and what is
 * being typed, the focus and the caret would be lost.
 */
export class CellTool extends ReactWidget implements INotebookTools.ITool {
  constructor(private readonly _props: ICellFormProps) {
    super();
    this.addClass('jp-mdk-CellTool');
  }

  notebookTools!: INotebookTools;

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.update();
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.update();
  }

  protected render(): JSX.Element {
    return <CellForm {...this._props} isShown={this.isVisible} />;
  }
}

/**
 * What the active cell is for: shown and written in the style of the notebook. While it is shown, it is drawn again
 * when the cells change, and when they were checked; what is being typed stays.
 */
function CellForm(
  props: ICellFormProps & { isShown: boolean }
): JSX.Element | null {
  const { isShown, pipelines, writing } = props;
  const { panel, tracker } = writing;
  useSignal(isShown ? tracker.activeCellChanged : undefined);
  useSignal(isShown ? panel?.content.modelContentChanged : undefined);
  useSignal(
    isShown ? (panel && pipelines.get(panel))?.stateChanged : undefined
  );
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
          onChange={(word, values) => {
            if (writing.panel === panel) {
              writing.write(
                writing.roles.setOptions(component, { [word]: values })
              );
            }
          }}
        />
      )}
      <ul className="jp-mdk-CellForm-findings" aria-live="polite">
        {findings.map((finding, index) => (
          <li key={index} className={`jp-mod-${finding.severity}`}>
            {finding.message}
            {finding.fix && (
              <div className="jp-mdk-Finding-fix">{finding.fix}</div>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
