import { duration, elapsed, moment, value } from '../figures';
import { EVERYTHING, matching } from '../filter';
import { Selection } from '../selection';
import { run } from './examples';

const RUNS = [
  run('r3', { state: 'running', pipeline: 'churn', source: 'a/churn.ipynb' }),
  run('r2', { state: 'done', target: 'vertex', environment: 'prod' }),
  run('r1', { state: 'failed', parameters: { rate: 0.5 } })
];

describe('a filter', () => {
  it.each([
    [{}, ['r3', 'r2', 'r1']],
    [{ text: 'FLOW' }, ['r2', 'r1']],
    [{ text: 'flow prod' }, ['r2']],
    [{ text: 'rate=0.5' }, ['r1']],
    [{ state: 'active' as const }, ['r3']],
    [{ state: 'failed' as const }, ['r1']],
    [{ target: 'vertex' as const }, ['r2']],
    [{ target: 'local' as const, state: 'done' as const }, []]
  ])('%j', (filter, ids) => {
    const found = matching(RUNS, { ...EVERYTHING, ...filter });
    expect(found.map(one => one.id)).toEqual(ids);
  });
});

test('two runs at most are chosen, the newest choices', () => {
  const selection = new Selection();
  ['a', 'b', 'c', 'b'].forEach(id => selection.toggle(id));
  expect(selection.ids).toEqual(['c']);
});

describe('figures', () => {
  it.each([
    [null, ''],
    [0.04, '0.0s'],
    [3.21, '3.2s'],
    [9.96, '10s'],
    [59.7, '1m'],
    [185, '3m 5s'],
    [4320, '1h 12m']
  ])('%p seconds', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it('values are short', () => {
    expect(value(0.1 + 0.2)).toBe('0.3');
    expect(value(1234567)).toBe('1234567');
    expect(value([1, 'a'])).toBe('[1,"a"]');
    expect(value('NaN')).toBe('NaN');
  });

  it('time goes on only while something runs', () => {
    const of = { started: 100, seconds: null };
    expect(elapsed({ ...of, state: 'running' }, 103)).toBe(3);
    expect(elapsed({ ...of, state: 'running' }, 99)).toBe(0);
    expect(elapsed({ ...of, seconds: 2, state: 'done' }, 103)).toBe(2);
  });

  it('the day is told where it is not today', () => {
    const now = new Date(2026, 4, 3, 12);
    const at = (day: number) => new Date(2026, 4, day, 9, 5).getTime() / 1000;
    expect(moment(at(3), now)).toMatch(/^0?9:05/);
    expect(moment(at(2), now)).toMatch(/May|2/);
    expect(moment(null, now)).toBe('');
  });
});
