import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import type { Finding, StepView } from '../types';
import { CommandIDs } from './commands';

/** Why a step failed: what is wrong, what to do about it, where. */
export function Failure(props: {
  step: StepView;
  /** The notebook, where it can be opened. */
  path: string | null;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): JSX.Element {
  const { step, path, commands, trans } = props;
  return (
    <div className="jp-mdk-Failure">
      {step.findings.map((finding, index) => (
        <FindingText
          key={index}
          finding={finding}
          path={path}
          commands={commands}
          trans={trans}
        />
      ))}
      {!step.findings.length && step.why && <p>{step.why}</p>}
      {step.traceback && (
        <details>
          <summary>{trans.__('Traceback')}</summary>
          <pre tabIndex={0} aria-label={trans.__('Traceback')}>
            {step.traceback}
          </pre>
        </details>
      )}
    </div>
  );
}

/** A finding, with its fix and the way to its cell. */
export function FindingText(props: {
  finding: Finding;
  path: string | null;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): JSX.Element {
  const { finding, path, commands, trans } = props;
  const { cell, cell_id: id, line } = finding;
  return (
    <div className="jp-mdk-Finding" data-severity={finding.severity}>
      <p>{finding.message}</p>
      {finding.fix && <p className="jp-mdk-Finding-fix">{finding.fix}</p>}
      {path !== null && id !== null && cell !== null && (
        <button
          className="jp-mdk-Link"
          onClick={() =>
            void commands.execute(CommandIDs.goToCell, {
              path,
              cell: id,
              ...(line === null ? {} : { line })
            })
          }
        >
          {line === null
            ? trans.__('Go to cell %1', cell)
            : trans.__('Go to cell %1, line %2', cell, line)}
        </button>
      )}
    </div>
  );
}
