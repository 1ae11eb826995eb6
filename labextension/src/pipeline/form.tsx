import type { TranslationBundle } from '@jupyterlab/translation';
import { undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from '../runs/buttons';
import type { ParameterInfo } from '../types';
import { Draft, asText, parsed } from './parameters';

interface IProps {
  parameters: readonly ParameterInfo[];
  draft: Draft;
  onChange: (name: string, text: string | undefined) => void;
  trans: TranslationBundle;
}

/** One field for each parameter: typed, with its default, and what it is for. */
export function ParametersForm(props: IProps): JSX.Element {
  const { parameters, draft, trans } = props;
  const { problems } = parsed(parameters, draft, trans);
  return (
    <div className="jp-mdk-Form">
      {parameters.map(parameter => (
        <Field
          key={parameter.name}
          {...props}
          parameter={parameter}
          problem={problems[parameter.name]}
        />
      ))}
    </div>
  );
}

function Field(
  props: IProps & { parameter: ParameterInfo; problem: string | undefined }
): JSX.Element {
  const { parameter, problem, draft, onChange, trans } = props;
  const { name, type, description } = parameter;
  const id = React.useId();
  const standard = asText(parameter, parameter.default);
  const text = draft[name] ?? standard;
  const isChanged = text !== standard;
  const told = {
    id,
    value: text,
    'aria-invalid': problem !== undefined,
    'aria-describedby': `${id}-help`,
    onChange: (
      event: React.ChangeEvent<HTMLInputElement | HTMLSelectElement>
    ) => onChange(name, event.target.value)
  };
  return (
    <div className="jp-mdk-Field" data-changed={isChanged || undefined}>
      <label htmlFor={id}>
        {name} <span className="jp-mdk-Quiet">{type}</span>
      </label>
      <span className="jp-mdk-Field-input">
        {type === 'bool' ? (
          <select className="jp-mod-styled" {...told}>
            {parameter.required && <option value="" />}
            <option value="true">{trans.__('True')}</option>
            <option value="false">{trans.__('False')}</option>
          </select>
        ) : (
          <input
            className={`jp-mod-styled ${problem ? 'jp-mod-error' : ''}`}
            type="text"
            inputMode={
              type === 'int' || type === 'float' ? 'decimal' : undefined
            }
            spellCheck={false}
            {...told}
          />
        )}
        {isChanged && (
          <IconButton
            icon={undoIcon}
            label={trans.__('Back to the default of %1', name)}
            onClick={() => onChange(name, undefined)}
          />
        )}
      </span>
      <span
        id={`${id}-help`}
        className="jp-mdk-Field-help"
        data-problem={problem !== undefined || undefined}
      >
        {problem ?? description}
      </span>
    </div>
  );
}
