import { MDKError } from '../../client';
import type { RegistryEvent } from '../../types';
import { Catalogue } from '../catalogue';
import { ChallengersDraft } from '../dialogs/challengers';
import { AnnotationDraft } from '../dialogs/remarks';
import { PromotionDraft } from '../dialogs/promotion';
import { RollbackDraft } from '../dialogs/rollback';
import { RegistryFeed, REGISTRY_EVENT } from '../feed';
import { Finder } from '../finder';
import { ModelRecord } from '../record';
import { FakeRegistry, model, plan, version } from './fake';

type Listener = (sender: unknown, event: object) => void;

/** A registry, and the server's events about it. */
function registry() {
  const fake = new FakeRegistry();
  const listeners: [Listener, unknown][] = [];
  const stream = {
    connect: (listener: Listener, self: unknown) =>
      listeners.push([listener, self])
  };
  const feed = new RegistryFeed(fake.api, stream as never, 3600);
  const tell = (event: RegistryEvent) =>
    listeners.forEach(([listener, self]) =>
      listener.call(self, null, { schema_id: REGISTRY_EVENT, ...event })
    );
  return { fake, feed, tell };
}

const settled = () => new Promise(resolve => setTimeout(resolve, 20));
const names = (list: readonly { name: string }[]) => list.map(one => one.name);

describe('Catalogue', () => {
  it('adds pages as one scrolls, each once', async () => {
    const { fake, feed } = registry();
    fake.models_ = Array.from({ length: 250 }, (_, n) =>
      model(`m${String(n).padStart(4, '0')}`)
    );
    const catalogue = new Catalogue(feed);
    await catalogue.refresh();
    expect(catalogue.models).toHaveLength(100);
    await Promise.all([catalogue.more(), catalogue.more()]);
    expect(catalogue.models).toHaveLength(200);
    expect(catalogue.isWhole).toBe(false);
    await catalogue.more();
    await catalogue.more();
    expect(names(catalogue.models)).toEqual(names(fake.models_));
    expect(catalogue.isWhole).toBe(true);
    catalogue.dispose();
    feed.dispose();
  });

  it('looks once for what was typed', async () => {
    const { fake, feed } = registry();
    fake.models_ = [model('churn'), model('flights')];
    const catalogue = new Catalogue(feed);
    for (const text of ['f', 'fl', 'fli']) {
      catalogue.search(text);
    }
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(fake.asked.filter(([what]) => what === 'models')).toEqual([
      ['models', { text: 'fli' }, 100]
    ]);
    expect(names(catalogue.models)).toEqual(['flights']);
    catalogue.dispose();
    feed.dispose();
  });

  it('keeps what it has while the registry is away, and says so', async () => {
    const { fake, feed } = registry();
    fake.models_ = [model('churn')];
    const catalogue = new Catalogue(feed);
    await catalogue.refresh();
    fake.isAway = true;
    await catalogue.refresh();
    expect(catalogue.error).toMatchObject({ service: 'registry' });
    expect(names(catalogue.models)).toEqual(['churn']);
    fake.isAway = false;
    await catalogue.refresh();
    expect(catalogue.error).toBeNull();
    catalogue.dispose();
    feed.dispose();
  });

  it('renews one model by an event, and all where the model is new', async () => {
    const { fake, feed, tell } = registry();
    fake.models_ = [model('churn'), model('flights')];
    const catalogue = new Catalogue(feed);
    await catalogue.refresh();
    fake.models_[1] = { ...model('flights'), champions: { prod: '1.0.1' } };
    const asked = fake.asked.length;
    tell({ model: 'flights', environment: 'prod', action: 'publish' });
    await settled();
    expect(catalogue.models[1].champions).toEqual({ prod: '1.0.1' });
    expect(fake.asked.slice(asked)).toEqual([['model', 'flights']]);

    fake.models_.push(model('uplift'));
    tell({ model: 'uplift', environment: null, action: 'register' });
    await settled();
    expect(names(catalogue.models)).toContain('uplift');
    catalogue.dispose();
    feed.dispose();
  });

  it('says so when an answer takes long', async () => {
    const { fake, feed } = registry();
    const catalogue = new Catalogue(feed);
    let answer: (page: unknown) => void = () => undefined;
    fake.models = () => new Promise(resolve => (answer = resolve)) as never;
    jest.useFakeTimers();
    const loading = catalogue.refresh();
    expect(catalogue.isSlow).toBe(false);
    jest.advanceTimersByTime(3100);
    expect(catalogue.isSlow).toBe(true);
    jest.useRealTimers();
    answer({ items: [], next: null });
    await loading;
    expect(catalogue.isSlow).toBe(false);
    expect(catalogue.isLoaded).toBe(true);
    catalogue.dispose();
    feed.dispose();
  });

  it('does not mix the models of two registries', async () => {
    const { fake, feed } = registry();
    const many = (letter: string) =>
      Array.from({ length: 150 }, (_, n) => model(`${letter}${1000 + n}`));
    fake.models_ = many('a');
    const catalogue = new Catalogue(feed);
    await catalogue.refresh();
    await catalogue.more();
    const other = new FakeRegistry();
    other.models_ = many('b');
    feed.api = other.api;
    await settled();
    expect(catalogue.models[0].name).toBe('b1000');
    expect(names(catalogue.models).some(name => name < 'b')).toBe(false);
    fake.isAway = true;
    feed.api = fake.api;
    await settled();
    expect(catalogue.models).toEqual([]);
    expect(catalogue.error).not.toBeNull();
    catalogue.dispose();
    feed.dispose();
  });

  it('forgets nothing that was scrolled to when it is refreshed', async () => {
    const { fake, feed } = registry();
    fake.models_ = Array.from({ length: 1200 }, (_, n) =>
      model(`m${String(n).padStart(4, '0')}`)
    );
    const catalogue = new Catalogue(feed);
    await catalogue.refresh();
    while (!catalogue.isWhole) {
      await catalogue.more();
    }
    await catalogue.refresh();
    expect(catalogue.models).toHaveLength(1200);
    catalogue.dispose();
    feed.dispose();
  });
});

describe('Finder', () => {
  const quiet = () => new Promise(resolve => setTimeout(resolve, 300));
  const found = (fake: FakeRegistry) =>
    fake.asked.filter(([what]) => what === 'search');

  it('lists models, unless versions are chosen or can only be meant', async () => {
    const { fake, feed } = registry();
    fake.models_ = [model('flights')];
    fake.versions_ = [version(2), version(1)];
    const finder = new Finder(feed);
    await finder.refresh();
    expect(finder.kind).toBe('models');
    finder.search('rmse<0.3 champion:prod');
    await quiet();
    expect(finder.kind).toBe('versions');
    expect(finder.versions.items).toHaveLength(2);
    expect(found(fake)).toEqual([
      ['search', { metric: ['rmse<0.3'], champion_in: 'prod' }]
    ]);
    finder.search('fli');
    await quiet();
    expect(finder.kind).toBe('models');
    expect(names(finder.models)).toEqual(['flights']);
    finder.choose('versions');
    await quiet();
    expect(found(fake).at(-1)).toEqual(['search', { text: 'fli' }]);
    finder.dispose();
    feed.dispose();
  });

  it('adds pages of versions, and shows what is new', async () => {
    const { fake, feed, tell } = registry();
    fake.versions_ = Array.from({ length: 250 }, (_, n) => version(250 - n));
    const finder = new Finder(feed);
    finder.choose('versions');
    await quiet();
    await Promise.all([finder.versions.more(), finder.versions.more()]);
    await finder.versions.more();
    expect(finder.versions.isWhole).toBe(true);
    expect(finder.versions.items).toHaveLength(250);
    fake.versions_.unshift(version(251));
    tell({ model: 'flights', environment: null, action: 'version.registered' });
    tell({ model: 'flights', environment: 'dev', action: 'champion.changed' });
    const asked = found(fake).length;
    await new Promise(resolve => setTimeout(resolve, 600));
    expect(finder.versions.items).toHaveLength(251);
    expect(found(fake)).toHaveLength(asked + 1);
    finder.dispose();
    feed.dispose();
  });

  it('asks for no versions while models are shown, and then for all anew', async () => {
    const { fake, feed, tell } = registry();
    fake.models_ = [model('flights')];
    fake.versions_ = [version(1)];
    const finder = new Finder(feed);
    finder.choose('versions');
    await quiet();
    finder.choose('models');
    await quiet();
    fake.versions_.unshift(version(2));
    tell({ model: 'flights', environment: null, action: 'version.registered' });
    await new Promise(resolve => setTimeout(resolve, 600));
    expect(found(fake)).toHaveLength(1);
    finder.choose('versions');
    await quiet();
    expect(finder.versions.items).toHaveLength(2);
    finder.dispose();
    feed.dispose();
  });
});

describe('ModelRecord', () => {
  it('looks at the newest version, until another one is chosen', async () => {
    const { fake, feed, tell } = registry();
    fake.models_ = [model('flights')];
    fake.versions_ = [version(2), version(1)];
    const record = new ModelRecord(fake.api, feed, 'flights');
    await record.refresh();
    expect(record.selected).toBe('1.0.2');
    await record.select('1.0.1');
    fake.versions_.unshift(version(3));
    tell({ model: 'flights', environment: null, action: 'register' });
    await settled();
    expect(record.selected).toBe('1.0.1');
    expect(record.versions.map(one => one.version)).toEqual([
      '1.0.3',
      '1.0.2',
      '1.0.1'
    ]);
    record.dispose();
    feed.dispose();
  });

  it('is not disturbed by events of other models', async () => {
    const { fake, feed, tell } = registry();
    fake.models_ = [model('flights')];
    const record = new ModelRecord(fake.api, feed, 'flights');
    await record.refresh();
    const asked = fake.asked.length;
    tell({ model: 'churn', environment: 'prod', action: 'publish' });
    await settled();
    expect(fake.asked).toHaveLength(asked);
    record.dispose();
    feed.dispose();
  });
});

describe('PromotionDraft', () => {
  const failing = {
    gate: 'accuracy',
    passed: false,
    detail: 'auc is 0.7',
    needed_for: 'promote' as const,
    waivable: true,
    waived: null
  };

  async function draft(fake: FakeRegistry, isProtected = false) {
    const made = new PromotionDraft(
      fake.api,
      'flights',
      '1.0.2',
      [{ name: 'stage', protected: isProtected }],
      'stage'
    );
    await made.load();
    return made;
  }

  it('needs a reason, and sends the revision that was shown', async () => {
    const fake = new FakeRegistry();
    const promotion = await draft(fake);
    promotion.reason = '  ';
    expect(promotion.isReady).toBe(false);
    promotion.reason = 'better';
    expect(await promotion.submit()).toBe(true);
    expect(fake.asked.at(-1)).toMatchObject([
      'operate promote',
      { apply: true, revision: 7, reason: 'better', version: '1.0.2' }
    ]);
    expect(promotion.operation?.applied).toBe(true);
  });

  it('is held up by a gate, until it is set aside for a reason', async () => {
    const fake = new FakeRegistry();
    fake.plan_ = plan({ gates: [failing] });
    const promotion = await draft(fake);
    promotion.reason = 'better';
    expect(promotion.isReady).toBe(false);
    promotion.waive('accuracy', 'no');
    expect(promotion.isReady).toBe(false);
    promotion.waive('accuracy', 'december is short');
    expect(await promotion.submit()).toBe(true);
    const waivers = [{ gate: 'accuracy', reason: 'december is short' }];
    expect(fake.asked.at(-1)).toMatchObject([
      'operate promote',
      { apply: true, waivers }
    ]);
  });

  it('stages a version, and lets the champion stay', async () => {
    const fake = new FakeRegistry();
    const people = { ...failing, gate: 'approvals', needed_for: 'publish' };
    fake.plan_ = plan({ gates: [people as typeof failing] });
    const promotion = await draft(fake);
    promotion.reason = 'look at it';
    expect(promotion.isReady).toBe(false);
    promotion.onlyStage = true;
    expect(await promotion.submit()).toBe(true);
    expect(fake.asked.at(-1)?.slice(0, 6)).toEqual([
      'promote',
      'flights',
      '1.0.2',
      'stage',
      'look at it',
      7
    ]);
  });

  it('breaks the glass for a reason alone, and never where git decides', async () => {
    const fake = new FakeRegistry();
    fake.plan_ = plan({ gates: [{ ...failing, waivable: false }] });
    const promotion = await draft(fake);
    promotion.reason = 'better';
    promotion.breakGlass = '';
    expect(promotion.isReady).toBe(false);
    promotion.breakGlass = 'the old one crashes';
    expect(promotion.isReady).toBe(true);
    expect((await draft(fake, true)).mayBreakGlass).toBe(false);
  });

  it('shows the plan anew when somebody was faster', async () => {
    const fake = new FakeRegistry();
    const promotion = await draft(fake);
    promotion.reason = 'better';
    fake.refusal = new MDKError('stale', 412, [], [], null, 8);
    fake.plan_ = plan({ revision: 8, champion: '1.0.9' });
    expect(await promotion.submit()).toBe(false);
    expect(promotion.isStale).toBe(true);
    expect(promotion.plan?.champion).toBe('1.0.9');
    expect(promotion.reason).toBe('better');
    expect(await promotion.submit()).toBe(true);
    expect(fake.asked.at(-1)).toMatchObject([
      'operate promote',
      { revision: 8 }
    ]);
  });

  it('proposes a change to git in a protected environment, whatever the gates say now', async () => {
    const fake = new FakeRegistry();
    fake.plan_ = plan({ gates: [failing] });
    const promotion = await draft(fake, true);
    promotion.onlyStage = true;
    promotion.reason = 'better';
    expect(promotion.blocking).toHaveLength(1);
    expect(await promotion.submit()).toBe(true);
    expect(promotion.onlyStage).toBe(false);
    expect(promotion.operation?.applied).toBe(true);
  });

  it('shows what git would get with the reason that was typed', async () => {
    const fake = new FakeRegistry();
    const promotion = await draft(fake, true);
    promotion.reason = 'bet';
    promotion.reason = 'better';
    await new Promise(resolve => setTimeout(resolve, 600));
    const looks = fake.asked.filter(([what]) => what === 'operate promote');
    expect(looks.map(([, request]) => request)).toMatchObject([
      { reason: '…' },
      { reason: 'better' }
    ]);
  });

  it('does nothing for the champion', async () => {
    const fake = new FakeRegistry();
    fake.plan_ = plan({ champion: '1.0.2' });
    const promotion = await draft(fake);
    promotion.reason = 'again';
    expect(promotion.isReady).toBe(false);
  });
});

describe('RollbackDraft', () => {
  it('goes back to the last champion that may be used', async () => {
    const fake = new FakeRegistry();
    fake.versions_ = [
      version(3),
      version(2, { status: 'quarantined' }),
      version(1)
    ];
    const rollback = new RollbackDraft(
      fake.api,
      'flights',
      [{ name: 'prod', protected: false }],
      'prod',
      null
    );
    await rollback.load();
    expect(rollback.to).toBe('1.0.1');
    rollback.reason = 'false alarms';
    expect(await rollback.submit()).toBe(true);
    expect(fake.asked.at(-1)).toMatchObject([
      'operate rollback',
      {
        apply: true,
        version: '1.0.1',
        reason: 'false alarms',
        revision: 7,
        quarantine: true
      }
    ]);
  });

  it('does not go to a version in quarantine', async () => {
    const fake = new FakeRegistry();
    fake.versions_ = [version(2, { status: 'quarantined' })];
    const rollback = new RollbackDraft(
      fake.api,
      'flights',
      [{ name: 'prod', protected: false }],
      'prod',
      '1.0.2'
    );
    await rollback.load();
    rollback.reason = 'false alarms';
    expect(rollback.isReady).toBe(false);
  });
});

test('an annotation sends what changed alone', async () => {
  const fake = new FakeRegistry();
  fake.versions_ = [version(1, { labels: { team: 'delays', old: 'x' } })];
  const sent: unknown[] = [];
  const api = Object.assign(fake.api, {
    annotate: async (...args: unknown[]) => {
      sent.push(args);
    }
  });
  const draft = new AnnotationDraft(api as never, 'flights', '1.0.1');
  await draft.load();
  expect(draft.isReady).toBe(false);
  draft.labels = 'team=delays\nstage=late';
  expect(await draft.submit()).toBe(true);
  expect(sent).toEqual([
    ['flights', '1.0.1', { labels: { old: null, stage: 'late' } }]
  ]);
});

describe('ChallengersDraft', () => {
  const quiet = () => new Promise(resolve => setTimeout(resolve, 600));

  function deployment(
    environment: string,
    revision: number,
    shares: Record<string, number> = {}
  ) {
    const placements = Object.entries(shares).map(([number, percent]) => ({
      version: number,
      place: 'challenger',
      percent
    }));
    const champion = '1.0.3';
    return { environment, revision, champion, placements } as never;
  }

  async function draft(first: string | null = null, isProtected = false) {
    const fake = new FakeRegistry();
    fake.versions_ = [4, 3, 2, 1].map(n => version(n));
    fake.versions_[3].status = 'quarantined';
    fake.deployments_ = [
      deployment('stage', 4, { '1.0.2': 20 }),
      deployment('prod', 9)
    ];
    const environments = ['stage', 'prod'].map(name => ({
      name,
      protected: isProtected
    }));
    const made = new ChallengersDraft(
      fake.api,
      'flights',
      environments,
      'stage',
      first
    );
    await made.load();
    made.reason = 'try both';
    return { fake, made };
  }

  it('starts from those of now, and offers only what can be one', async () => {
    const { made } = await draft();
    expect(made.shares).toEqual([{ version: '1.0.2', percent: '20' }]);
    expect(made.rest).toBe(80);
    const numbers = made.offered().map(one => one.version);
    expect(numbers).toEqual(['1.0.4']); // neither the champion nor one in quarantine
    expect(made.isReady).toBe(false); // nothing would change
    expect((await draft('1.0.3')).made.shares).toHaveLength(1);
    expect((await draft('1.0.4')).made.shares).toHaveLength(2);
  });

  it('wants shares that are 100 % together with the champion', async () => {
    const { fake, made } = await draft('1.0.4');
    made.set(1, { percent: '81' });
    expect(made.rest).toBe(-1);
    made.set(1, { percent: '1.5' });
    expect(made.rest).toBeNull();
    await quiet();
    expect(fake.asked.some(([what]) => what === 'operate challengers')).toBe(
      false
    );
    expect(made.isReady).toBe(false);
    made.set(1, { percent: '80' });
    await quiet();
    expect(made.rest).toBe(0);
    expect(made.isReady).toBe(true);
  });

  it('shows the plan of what is typed, and does that', async () => {
    const { fake, made } = await draft('1.0.4');
    await quiet();
    expect(made.isReady).toBe(true);
    made.set(1, { percent: '5' });
    expect(made.isReady).toBe(false); // the plan is that of 10 %
    await quiet();
    expect(await made.submit()).toBe(true);
    expect(fake.asked.at(-1)).toMatchObject([
      'operate challengers',
      {
        apply: true,
        revision: 4,
        reason: 'try both',
        challengers: { '1.0.2': 20, '1.0.4': 5 }
      }
    ]);
  });

  it('takes all of them away', async () => {
    const { fake, made } = await draft();
    made.remove(0);
    await quiet();
    expect(await made.submit()).toBe(true);
    expect(fake.asked.at(-1)).toMatchObject([
      'operate challengers',
      { challengers: {} }
    ]);
  });

  it('starts anew in another environment', async () => {
    const { made } = await draft('1.0.4');
    made.environment = 'prod';
    await quiet();
    expect(made.shares).toEqual([{ version: '1.0.4', percent: '10' }]);
    expect(made.isShown).toBe(true);
  });

  it('keeps what was typed when somebody was faster', async () => {
    const { fake, made } = await draft('1.0.4');
    await quiet();
    fake.refusal = new MDKError('stale', 412, [], [], null, 5);
    fake.deployments_ = [deployment('stage', 5, { '1.0.2': 30 })];
    expect(await made.submit()).toBe(false);
    expect(made.isStale).toBe(true);
    await quiet();
    expect(made.shares.map(one => one.percent)).toEqual(['20', '10']);
    expect(await made.submit()).toBe(true);
    expect(fake.asked.at(-1)).toMatchObject([
      'operate challengers',
      { revision: 5 }
    ]);
  });

  it('says why it cannot be, and is stopped unless git decides', async () => {
    const { fake, made } = await draft('1.0.4');
    fake.blocked = ['flights/1.0.4 is quarantined'];
    await quiet();
    expect(made.isReady).toBe(false);
    const guarded = await draft('1.0.4', true);
    guarded.fake.blocked = fake.blocked;
    await quiet();
    expect(guarded.made.isReady).toBe(true);
  });
});
