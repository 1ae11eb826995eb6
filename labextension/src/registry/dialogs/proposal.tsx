import * as React from 'react';

import type { OperationView } from '../../types';
import { useSurroundings } from '../surroundings';
import { Block, Facts } from '../tables';

/** What is to be known of an operation besides the plan; in a protected environment, what git gets. */
export function Proposal(props: { operation: OperationView }): JSX.Element {
  const { trans } = useSurroundings();
  const { operation } = props;
  const { text, edit, branch, pull_request, blocked, notes } = operation;
  const { roles, changed_by } = operation;
  const who = changed_by.length
    ? trans.__('%1 alone', changed_by.join(', '))
    : roles.length
      ? trans.__('who has the role %1', roles.join(trans.__(' or ')))
      : trans.__('whoever can write into the registry, which is a file');
  return (
    <>
      {notes.map(note => (
        <p key={note} className="jp-mdk-dim">
          {note}
        </p>
      ))}
      <Facts
        of={[
          [
            trans.__('who may'),
            operation.protected
              ? trans.__('whoever can merge it; it is applied by %1', who)
              : who
          ]
        ]}
      />
      {operation.protected && (
        <>
          <Block title={trans.__('Change to git')}>
            <Facts
              of={[
                [trans.__('branch'), branch && <code>{branch}</code>],
                [trans.__('pull request'), pull_request?.title],
                [trans.__('file'), edit && <code>{edit.file}</code>]
              ]}
            />
            {edit && <Diff of={edit.diff} />}
          </Block>
          <details>
            <summary>{trans.__('Plan, as reviewers see it')}</summary>
            <pre className="jp-mdk-Plan" tabIndex={0}>
              {text}
            </pre>
          </details>
          {blocked.length > 0 && (
            <div className="jp-mdk-Trouble">
              {trans.__(
                'As things are, the change is refused when it is merged: %1',
                blocked.join('; ')
              )}
            </div>
          )}
        </>
      )}
    </>
  );
}

/** A unified diff, without the names of its files. */
function Diff({ of }: { of: string }): JSX.Element {
  const { trans } = useSurroundings();
  const kinds: Record<string, string> = { '+': 'added', '-': 'removed' };
  const lines = of.trimEnd().split('\n');
  const start = lines.findIndex(line => line.startsWith('@@'));
  return (
    <pre
      className="jp-mdk-FileDiff"
      tabIndex={0}
      aria-label={trans.__('Change to the file')}
    >
      {lines.slice(start).map((line, index) => (
        <span key={index} data-kind={kinds[line[0]]}>
          {line}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}
