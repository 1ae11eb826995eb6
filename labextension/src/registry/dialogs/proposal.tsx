import * as React from 'react';

import type { OperationView } from '../../types';
import { useSurroundings } from '../surroundings';
import { Block, Facts } from '../tables';

/** What git gets of an operation in a protected environment. */
export function Proposal(props: { operation: OperationView }): JSX.Element {
  const { trans } = useSurroundings();
  const { text, edit, branch, pull_request } = props.operation;
  return (
    <>
      {text && (
        <Block title={trans.__('Plan')}>
          <pre className="jp-mdk-Plan" tabIndex={0}>
            {text}
          </pre>
        </Block>
      )}
      <Block title={trans.__('Change to git')}>
        <Facts
          of={[
            [trans.__('branch'), branch && <code>{branch}</code>],
            [trans.__('file'), edit && <code>{edit.file}</code>],
            [trans.__('pull request'), pull_request?.title]
          ]}
        />
        {edit && <Diff of={edit.diff} />}
      </Block>
    </>
  );
}

/** A unified diff. */
function Diff({ of }: { of: string }): JSX.Element {
  const { trans } = useSurroundings();
  const kinds: Record<string, string> = { '+': 'added', '-': 'removed' };
  return (
    <pre
      className="jp-mdk-Diff"
      tabIndex={0}
      aria-label={trans.__('Change to the file')}
    >
      {of
        .trimEnd()
        .split('\n')
        .filter(line => !line.startsWith('+++') && !line.startsWith('---'))
        .map((line, index) => (
          <span key={index} data-kind={kinds[line[0]]}>
            {line}
            {'\n'}
          </span>
        ))}
    </pre>
  );
}
