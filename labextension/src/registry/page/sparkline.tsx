import * as React from 'react';

import { type ISeries, line, places } from '../figures';

const WIDTH = 64;
const HEIGHT = 18;
const EDGE = 3; // pixels around the line, for its dots

/** How a metric went from version to version; a dot is at the version that is looked at. */
export function Sparkline(props: {
  series: ISeries;
  version: string | null;
}): JSX.Element | null {
  const { points } = props.series;
  if (points.length < 2) {
    return null;
  }
  const values = points.map(point => point.value);
  const through = places(values, WIDTH, HEIGHT);
  const at = points.findIndex(point => point.version === props.version);
  return (
    <svg
      className="jp-mdk-Sparkline"
      width={WIDTH + 2 * EDGE}
      height={HEIGHT + 2 * EDGE}
      aria-hidden
    >
      <g transform={`translate(${EDGE},${EDGE})`}>
        <path d={line(through)} />
        {at >= 0 && <circle cx={through[at][0]} cy={through[at][1]} r={2.5} />}
      </g>
    </svg>
  );
}
