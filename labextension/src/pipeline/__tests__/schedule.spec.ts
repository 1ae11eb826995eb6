import { asRequested, isOpen, noSchedule, timeZones } from '../schedule';

describe('when a pipeline runs', () => {
  it('is at once, unless somebody wants otherwise', () => {
    const first = noSchedule();
    expect(first.when).toBe('now');
    expect(asRequested({ ...first, cron: '0 6 * * 1' })).toBeUndefined();
    expect(asRequested({ ...first, when: 'off' })).toBe('off');
  });

  it.each([
    ['0 6 * * 1', 'Europe/Berlin', 'TZ=Europe/Berlin 0 6 * * 1'],
    [' 0  6 * * 1 ', ' ', '0 6 * * 1'],
    ['TZ=UTC 0 6 * * 1', 'Europe/Berlin', 'TZ=UTC 0 6 * * 1']
  ])('is %j in the zone %j', (cron, zone, wanted) => {
    const schedule = { when: 'scheduled', cron, zone } as const;
    expect(asRequested(schedule)).toBe(wanted);
    expect(isOpen(schedule)).toBe(false);
  });

  it('is not known before it is typed', () => {
    const schedule = { when: 'scheduled', cron: ' ', zone: 'UTC' } as const;
    expect(isOpen(schedule)).toBe(true);
    expect(asRequested(schedule)).toBeUndefined();
  });

  it('is offered in zones that the browser knows', () => {
    expect(timeZones()).toEqual(
      expect.arrayContaining(['UTC', 'Europe/Berlin'])
    );
  });
});
