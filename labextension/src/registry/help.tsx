import * as React from 'react';

import { useSurroundings } from './surroundings';
import { Facts } from './tables';

/** What one can look for, in the words of the search box. */
export function SearchHelp(): JSX.Element {
  const { trans } = useSurroundings();
  const words: [string, string][] = [
    [
      'flights',
      trans.__('part of the name or description; "in quotes" with spaces')
    ],
    ['project:delays', trans.__('of a project')],
    ['champion:prod', trans.__('champion of an environment')],
    ['label:team=x', trans.__('with a label')],
    ['rmse<0.3', trans.__('versions with such a metric: < <= > >= == !=')],
    ['by:ada', trans.__('versions that somebody trained')],
    ['since:2026-11-01', trans.__('versions registered then or later')],
    ['until:2026-12-01', trans.__('versions registered before')],
    [
      'status:quarantined',
      trans.__('versions that are active, quarantined or archived')
    ]
  ];
  return (
    <div
      className="jp-mdk-SearchHelp"
      role="region"
      tabIndex={0}
      aria-label={trans.__('What can be looked for')}
    >
      <Facts of={words.map(([word, meaning]) => [word, meaning])} />
      <p className="jp-mdk-dim">
        {trans.__(
          'All of it must hold. In a terminal: mdk registry search "rmse<0.3" --label team=x.'
        )}
      </p>
    </div>
  );
}
