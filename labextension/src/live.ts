import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Render again whenever a signal is emitted. */
export function useSignal(signal: ISignal<unknown, unknown> | undefined): void {
  const [, setTurn] = React.useState(0);
  React.useEffect(() => {
    if (!signal) {
      return;
    }
    const onChange = () => setTurn(turn => turn + 1);
    signal.connect(onChange);
    return () => {
      signal.disconnect(onChange);
    };
  }, [signal]);
}

/** The time now (s since the epoch); while something runs, it moves on. */
export function useNow(isRunning: boolean): number {
  const [, setTurn] = React.useState(0);
  React.useEffect(() => {
    if (!isRunning) {
      return;
    }
    const timer = window.setInterval(() => setTurn(turn => turn + 1), 500);
    return () => window.clearInterval(timer);
  }, [isRunning]);
  return Date.now() / 1000;
}

/** Move the focus among the rows of a list by the arrow keys; the rows' first buttons carry `data-row`. */
export function moveAmongRows(event: React.KeyboardEvent<HTMLElement>): void {
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
  const rows = Array.from(
    event.currentTarget.querySelectorAll<HTMLElement>('[data-row]')
  );
  const at = rows.findIndex(row => row === document.activeElement);
  const next =
    event.key === 'Home'
      ? 0
      : event.key === 'End'
        ? rows.length - 1
        : at + (steps[event.key] ?? NaN);
  if (at >= 0 && rows[next]) {
    event.preventDefault();
    rows[next].focus();
  }
}
