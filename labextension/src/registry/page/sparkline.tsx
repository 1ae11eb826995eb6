import * as React from 'react';

import { type ISeries, sparkline } from '../figures';

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
  const least = Math.min(...values);
  const range = Math.max(...values) - least || 1;
  const at = points.findIndex(point => point.version === props.version);
  return (
    <svg
      className="jp-mdk-Sparkline"
      width={WIDTH + 2 * EDGE}
      height={HEIGHT + 2 * EDGE}
      aria-hidden
    >
      <g transform={`translate(${EDGE},${EDGE})`}>
        <path d={sparkline(values, WIDTH, HEIGHT)} />
        {at >= 0 && (
          <circle
            cx={(at / (points.length - 1)) * WIDTH}
            cy={HEIGHT - ((values[at] - least) / range) * HEIGHT}
            r={2.5}
          />
        )}
      </g>
    </svg>
  );
}
