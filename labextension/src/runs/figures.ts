/** A duration in seconds as one or two units: 0.4s, 12s, 3m 5s, 1h 12m. */
export function duration(seconds: number | null): string {
  if (seconds === null) {
    return '';
  }
  if (seconds < 9.95) {
    return unit(seconds, 'second', 1);
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return unit(whole, 'second');
  }
  const [large, small, size] =
    whole < 3600
      ? (['minute', 'second', 60] as const)
      : (['hour', 'minute', 3600] as const);
  const rest = Math.floor((whole % size) / (size / 60));
  const first = unit(Math.floor(whole / size), large);
  return rest ? `${first} ${unit(rest, small)}` : first;
}

function unit(value: number, name: string, digits = 0): string {
  return new Intl.NumberFormat(language(), {
    style: 'unit',
    unit: name,
    unitDisplay: 'narrow',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits
  }).format(value);
}

/** How long something has taken so far (s); times are seconds since the epoch. */
export function elapsed(
  of: { started: number | null; seconds: number | null; state: string },
  now: number
): number | null {
  return of.state === 'running' && of.started !== null
    ? Math.max(0, now - of.started)
    : of.seconds;
}

/** When something began: the time today, else the day as well. */
export function moment(started: number | null, now: Date): string {
  if (started === null) {
    return '';
  }
  const date = new Date(started * 1000);
  const isToday = date.toDateString() === now.toDateString();
  return date.toLocaleString(language(), {
    ...(isToday ? {} : { day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit'
  });
}

/** A parameter or metric, short. */
export function value(of: unknown): string {
  if (typeof of === 'number') {
    return Number.isInteger(of)
      ? String(of)
      : String(Number(of.toPrecision(6)));
  }
  return typeof of === 'string' ? of : (JSON.stringify(of) ?? '');
}

function language(): string | undefined {
  return document.documentElement.lang || undefined;
}
