import { Time } from '@jupyterlab/coreutils';
import * as React from 'react';

/** A moment, as long ago as it is; the exact time when one points at it. */
export function Moment(props: { at: string }): JSX.Element {
  const date = new Date(props.at);
  return (
    <time dateTime={props.at} title={Time.format(date)}>
      {Time.formatHuman(date)}
    </time>
  );
}
