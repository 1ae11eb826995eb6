import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useSurroundings } from '../surroundings';

/** Which environment a dialog is about; `label` is what stands before it. */
export function EnvironmentChoice(props: {
  draft: { environment: string };
  names: readonly string[];
  label: string;
}): JSX.Element {
  const { draft, names, label } = props;
  const { trans } = useSurroundings();
  return (
    <label className="jp-mdk-Choice">
      {label}
      <HTMLSelect
        value={draft.environment}
        aria-label={trans.__('Environment')}
        onChange={event => {
          draft.environment = event.target.value;
        }}
      >
        {names.map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </HTMLSelect>
    </label>
  );
}

/** That a change goes another way, where it does. */
export function GitNote(props: {
  draft: { isProtected: boolean };
}): JSX.Element | null {
  const { trans } = useSurroundings();
  return props.draft.isProtected ? (
    <span className="jp-mdk-dim">
      {trans.__('protected: it changes through git')}
    </span>
  ) : null;
}
