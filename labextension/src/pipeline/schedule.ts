/** When a pipeline runs that is submitted: at once, by the clock, or by the clock no more. */
export type When = 'now' | 'scheduled' | 'off';

/** A schedule as it is typed. */
export interface ISchedule {
  readonly when: When;
  /** Minute, hour, day of the month, month and weekday. */
  readonly cron: string;
  /** The time zone that they mean; empty leaves it to the service. */
  readonly zone: string;
}

/** The code of what is wrong with a schedule. */
export const BAD_SCHEDULE = 'MDK470';

/** What is offered first: no schedule; and if one, in the time of this machine. */
export function noSchedule(): ISchedule {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return { when: 'now', cron: '', zone: timeZone ?? '' };
}

/** A schedule as the server takes it; undefined for a run at once, or while nothing is typed. */
export function asRequested(schedule: ISchedule): string | undefined {
  const { when } = schedule;
  const cron = words(schedule.cron);
  if (when === 'off') {
    return 'off';
  }
  if (when === 'now' || cron === '') {
    return undefined;
  }
  const zone = schedule.zone.trim();
  const hasZone = /^(CRON_)?TZ=/.test(cron);
  return zone && !hasZone ? `TZ=${zone} ${cron}` : cron;
}

/** Whether something is still to be typed. */
export function isOpen({ when, cron }: ISchedule): boolean {
  return when === 'scheduled' && words(cron) === '';
}

/** The time zones that this browser knows. */
export function timeZones(): string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}

function words(text: string): string {
  return text.trim().split(/\s+/).join(' ');
}
