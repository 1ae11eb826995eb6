import type { Event } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { type IAsk, MDKError } from '../../client';
import type { IMDKClient } from '../../tokens';
import type { RunEventContent, RunView } from '../../types';
import { after, hasEnded, mainSteps } from '../events';
import { Runs } from '../model';
import { run } from './examples';

function event(
  kind: RunEventContent['kind'],
  more: Partial<RunEventContent> = {}
): RunEventContent {
  return {
    time: 5,
    run: 'r1',
    kind,
    step: null,
    state: null,
    seconds: null,
    cell: null,
    message: null,
    data: {},
    ...more
  };
}

describe('after an event', () => {
  it('a step runs, tells its cell, and ends', () => {
    let seen = after(
      run('r1'),
      event('step', { step: 'load', state: 'running' })
    );
    expect(seen.steps[0]).toMatchObject({ state: 'running', started: 5 });
    seen = after(
      seen,
      event('cell', { step: 'load', cell: 2, data: { cells: 3 } })
    );
    expect(seen.steps[0]).toMatchObject({ cell: 2, cells: 3 });
    seen = after(
      seen,
      event('step', {
        step: 'load',
        state: 'done',
        seconds: 2,
        data: { cached_from: 'r0', metrics: { auc: 1 } }
      })
    );
    expect(seen.steps[0]).toMatchObject({
      state: 'done',
      seconds: 2,
      cached: true,
      cell: null,
      metrics: { auc: 1 }
    });
    expect(seen.steps[1].state).toBe('waiting');
  });

  it('a repeated step has a new part', () => {
    const seen = after(
      run('r1'),
      event('step', {
        step: 'train[a]',
        state: 'waiting',
        data: { part_of: 'train', after: ['load'] }
      })
    );
    expect(seen.steps[2]).toMatchObject({ part_of: 'train', after: ['load'] });
    expect(mainSteps(seen).map(one => one.name)).toEqual(['load', 'train']);
  });

  it('a run ends, with its metrics', () => {
    const seen = after(
      run('r1'),
      event('run', { state: 'done', seconds: 7, data: { metrics: { auc: 2 } } })
    );
    expect(hasEnded(seen)).toBe(true);
    expect(seen).toMatchObject({ seconds: 7, metrics: { auc: 2 }, started: 1 });
  });

  it('what is printed changes nothing', () => {
    const before = run('r1');
    expect(after(before, event('output', { message: 'hello' }))).toBe(before);
  });
});

/** A server: what it has, what it was asked, and answers that wait. */
function setUp(poll = false) {
  const server = {
    runs: [] as RunView[],
    asked: [] as string[],
    isAway: false,
    waits: [] as (() => void)[],
    isSlow: false
  };
  const client = {
    ask: async (path: string, ask: IAsk = {}) => {
      const asked = (ask.query ?? {}) as Record<string, string>;
      const query = new URLSearchParams(asked).toString();
      server.asked.push(`${ask.method ?? 'GET'} ${path} ${query}`);
      const answer = JSON.parse(JSON.stringify(server.runs)) as RunView[];
      if (server.isSlow) {
        await new Promise<void>(resolve => server.waits.push(resolve));
      }
      if (server.isAway) {
        throw new MDKError('away', 0);
      }
      return path === 'runs' && ask.method !== 'POST'
        ? {
            runs: answer.filter(one => !asked.before || one.id < asked.before),
            stores: ['']
          }
        : ask.method === 'POST'
          ? run('r9', { state: 'waiting' })
          : answer.find(one => `runs/${one.id}` === path);
    }
  } as unknown as IMDKClient;
  const sender = {};
  const stream = new Signal<object, unknown>(sender);
  const events = { stream } as unknown as Event.IManager;
  const model = new Runs({ client, events, poll });
  const tell = (content: RunEventContent) =>
    stream.emit({
      schema_id: 'https://mdk-jupyter.dev/events/run/v1',
      store: '',
      run: content.run,
      source: 'flow.ipynb',
      event: content
    });
  return { server, model, tell };
}

async function settled() {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

describe('Runs', () => {
  it('lists the newest first, and finds the latest of a notebook', async () => {
    const { server, model } = setUp();
    server.runs = [run('r1'), run('r3', { source: 'other.ipynb' }), run('r2')];
    expect(model.isReady).toBe(false);
    await model.refresh();
    expect(model.isReady).toBe(true);
    expect(model.runs.map(one => one.id)).toEqual(['r3', 'r2', 'r1']);
    expect(model.latest('flow.ipynb')?.id).toBe('r2');
    model.dispose();
  });

  it('shows an event before anything is asked, then asks once more', async () => {
    const { server, model, tell } = setUp();
    server.runs = [run('r1')];
    await model.refresh();
    server.asked.length = 0;
    const changes: string[] = [];
    model.runChanged.connect((_, { run, before }) =>
      changes.push(`${before?.state} -> ${run.state}`)
    );
    server.runs = [run('r1', { state: 'done', seconds: 3, link: 'there' })];
    tell(event('run', { state: 'done', seconds: 3 }));
    expect(model.get('r1')?.state).toBe('done');
    expect(model.get('r1')?.link).toBeNull();
    await settled();
    expect(server.asked).toEqual(['GET runs/r1 store=']);
    expect(model.get('r1')?.link).toBe('there');
    expect(changes[0]).toBe('running -> done');
    model.dispose();
  });

  it('does not go back to what was asked before an event', async () => {
    const { server, model, tell } = setUp();
    server.runs = [run('r1')];
    await model.refresh();
    server.isSlow = true;
    tell(event('step', { step: 'load', state: 'running' }));
    server.runs = [run('r1', { state: 'done' })];
    tell(event('run', { state: 'done' }));
    server.isSlow = false;
    server.waits.forEach(answer => answer());
    await settled();
    expect(model.get('r1')?.state).toBe('done');
    expect(
      server.asked.filter(one => one.startsWith('GET runs/r1'))
    ).toHaveLength(2);
    model.dispose();
  });

  it('learns of a run that somebody else has started', async () => {
    const { server, model, tell } = setUp();
    server.runs = [run('r1')];
    tell(event('run', { state: 'running' }));
    await settled();
    expect(model.get('r1')?.pipeline).toBe('flow');
    model.dispose();
  });

  it('says when the server is away, keeps the list, and tells a new server where to look', async () => {
    const { server, model } = setUp();
    server.runs = [run('r1')];
    await model.refresh();
    model.look('sub/flow.ipynb');
    await model.refresh();
    const look = 'GET runs path=sub%2Fflow.ipynb&limit=1';
    expect(server.asked.filter(one => one === look)).toHaveLength(1);
    server.isAway = true;
    await model.refresh();
    expect(model.error).toBe('away');
    expect(model.runs).toHaveLength(1);
    server.isAway = false;
    await model.refresh();
    expect(model.error).toBeNull();
    expect(server.asked.filter(one => one === look)).toHaveLength(2);
    model.dispose();
  });

  it('forgets runs that were pruned', async () => {
    const { server, model } = setUp();
    server.runs = [run('r1'), run('r2')];
    await model.refresh();
    server.runs = [run('r2')];
    await model.refresh();
    expect(model.runs.map(one => one.id)).toEqual(['r2']);
    model.dispose();
  });

  it('has a run that it started', async () => {
    const { model } = setUp();
    const started = await model.start({ path: 'flow.ipynb' });
    expect(model.get(started.id)).toBe(started);
    model.dispose();
  });

  it('asks every second while no server answers, then seldom again', async () => {
    jest.useFakeTimers();
    try {
      const { server, model } = setUp(true);
      await jest.advanceTimersByTimeAsync(100);
      expect(server.asked).toHaveLength(1);
      server.isAway = true;
      await jest.advanceTimersByTimeAsync(10_100);
      const before = server.asked.length;
      await jest.advanceTimersByTimeAsync(6000);
      expect(server.asked.length - before).toBeGreaterThanOrEqual(4);
      server.isAway = false;
      server.runs = [run('r1')];
      await jest.advanceTimersByTimeAsync(1600);
      expect(model.error).toBeNull();
      expect(model.runs).toHaveLength(1);
      const back = server.asked.length;
      await jest.advanceTimersByTimeAsync(8000);
      expect(server.asked).toHaveLength(back);
      model.dispose();
    } finally {
      jest.useRealTimers();
    }
  });
});
