import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import { MDKError } from '../client';
import { useSurroundings } from './surroundings';

/** What came back from a question of one view. */
export interface IAnswer<T> {
  value: T | null;
  error: MDKError | null;
  isLoading: boolean;
  /** Ask once more. */
  again: () => void;
}

/** Ask a question, and ask it again when one of `causes` changes. The last answer stays until the next one is there. */
export function useAnswer<T>(
  question: () => Promise<T>,
  causes: readonly unknown[]
): IAnswer<T> {
  const [state, setState] = React.useState<Omit<IAnswer<T>, 'again'>>({
    value: null,
    error: null,
    isLoading: true
  });
  const [times, setTimes] = React.useState(0);
  React.useEffect(() => {
    let isWanted = true;
    setState(old => ({ ...old, isLoading: true }));
    question().then(
      value => {
        if (isWanted) {
          setState({ value, error: null, isLoading: false });
        }
      },
      (error: unknown) => {
        if (!(error instanceof MDKError)) {
          throw error;
        }
        if (isWanted) {
          setState(old => ({ ...old, error, isLoading: false }));
        }
      }
    );
    return () => {
      isWanted = false;
    };
  }, [...causes, times]);
  return { ...state, again: () => setTimes(times + 1) };
}

/** Says what is wrong, what helps, and lets one try again. */
export function Trouble(props: {
  error: MDKError;
  again?: () => void;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { error, again } = props;
  const fixes = error.findings.map(finding => finding.fix).filter(Boolean);
  return (
    <div className="jp-mdk-Trouble" role="alert">
      <div>
        {error.service === 'registry' && (
          <strong>{trans.__('The registry does not answer.')} </strong>
        )}
        {error.message}
        {fixes.map(fix => (
          <div key={fix} className="jp-mdk-dim">
            {fix}
          </div>
        ))}
      </div>
      {again && (
        <Button small className="jp-mod-styled" onClick={again}>
          {trans.__('Try again')}
        </Button>
      )}
    </div>
  );
}

/** Shows an answer, or why there is none. */
export function Answered<T>(props: {
  answer: IAnswer<T>;
  children: (value: T) => React.ReactNode;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { answer } = props;
  return (
    <>
      {answer.error && <Trouble error={answer.error} again={answer.again} />}
      {answer.value !== null && props.children(answer.value)}
      {answer.value === null && !answer.error && (
        <div className="jp-mdk-dim" role="status">
          {trans.__('Loading…')}
        </div>
      )}
    </>
  );
}
