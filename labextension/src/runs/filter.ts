import type { RunView } from '../types';
import { State, hasEnded } from './events';

/** What runs to show; what is empty asks for nothing. */
export interface IFilter {
  text: string;
  state: State | 'active' | '';
  target: RunView['target'] | '';
}

export const EVERYTHING: IFilter = { text: '', state: '', target: '' };

/** The runs that a filter lets through. All words of its text must be in what identifies a run. */
export function matching(
  runs: readonly RunView[],
  filter: IFilter
): readonly RunView[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter(run => {
    const told = [
      run.pipeline,
      run.source,
      run.id,
      run.environment,
      run.target,
      ...Object.entries(run.parameters).map(([name, of]) => `${name}=${of}`)
    ]
      .join('\n')
      .toLowerCase();
    return (
      words.every(word => told.includes(word)) &&
      (!filter.target || run.target === filter.target) &&
      (!filter.state ||
        (filter.state === 'active'
          ? !hasEnded(run)
          : run.state === filter.state))
    );
  });
}
