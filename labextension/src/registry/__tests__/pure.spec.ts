import type { Graph, Node } from '../../types';
import { inOrder, nextAfter } from '../environments';
import {
  bytes,
  difference,
  duration,
  figure,
  series,
  line,
  places
} from '../figures';
import { parseLabels } from '../dialogs/remarks';
import { pastChampions } from '../dialogs/rollback';
import { chart } from '../page/chart';
import { BOX, layers } from '../page/layers';
import { byInterest, lines, short } from '../page/unshared';
import { metricsOf, parseQuery } from '../query';
import { scrollTo, visibleRows } from '../window';
import { version } from './fake';

describe('parseQuery', () => {
  it.each([
    ['', {}],
    ['  late  flights ', { text: 'late flights' }],
    ['project:delays auc', { project: 'delays', text: 'auc' }],
    ['champion:prod', { champion_in: 'prod' }],
    ['label:team=a label:x=', { label: ['team=a', 'x='] }],
    ['http://x', { text: 'http://x' }],
    ['label:team', {}],
    ['project:', {}],
    ['toString:x', { text: 'toString:x' }]
  ])('reads %j, of models and of versions', (typed, query) => {
    const { models, versions, isOfVersions } = parseQuery(typed);
    expect(models).toEqual(query);
    expect(versions).toEqual(query);
    expect(isOfVersions).toBe(false);
  });

  it.each([
    ['rmse<0.3', { metric: ['rmse<0.3'] }],
    [
      'late auc > .8 val/loss<=1e-3',
      { text: 'late', metric: ['auc>.8', 'val/loss<=1e-3'] }
    ],
    ['by:ada status:archived', { trained_by: 'ada', status: 'archived' }],
    ['since:2026-11-01T00:00:00Z', { since: '2026-11-01T00:00:00.000Z' }],
    ['until:2026-12-01', { until: new Date(2026, 11, 1).toISOString() }],
    [
      '--label "team=a b" --champion-in=prod --trained-by ada "auc > 0.8"',
      {
        label: ['team=a b'],
        champion_in: 'prod',
        trained_by: 'ada',
        metric: ['auc>0.8']
      }
    ]
  ])('reads %j, of versions', (typed, query) => {
    const { versions, isOfVersions, unclear } = parseQuery(typed);
    expect(versions).toEqual(query);
    expect(isOfVersions).toBe(true);
    expect(unclear).toEqual([]);
  });

  it.each([
    'rmse<',
    'rmse=0.3',
    'auc>champion',
    'since:2026-1',
    'status:old',
    'by:',
    'until:2026-13-01'
  ])('does not ask for %j, which may become something', typed => {
    const { versions, isOfVersions, unclear } = parseQuery(typed);
    expect(versions).toEqual({});
    expect(isOfVersions).toBe(true);
    expect(unclear).toEqual([typed]);
  });

  it('knows the metrics that are asked for', () => {
    const { versions } = parseQuery('rmse<0.3 late auc>=0.8');
    expect(metricsOf(versions)).toEqual(['rmse', 'auc']);
  });
});

describe('figures', () => {
  it.each([
    [0.84214, '0.8421'],
    [0.9, '0.9'],
    [41550, '41,550'],
    [12345.678, '12,345.68'],
    [0.0000123456, '1.235e-5'],
    [true, 'true'],
    ['low', 'low'],
    [null, '–']
  ])('shows %j as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });

  it('tells differences with their signs', () => {
    expect(difference(0.0061)).toBe('+0.0061');
    expect(difference(-1.5500001)).toBe('−1.55');
    expect(difference(0)).toBe('±0');
    expect(difference(null)).toBe('');
  });

  it('tells durations and sizes', () => {
    expect(duration(7.25)).toBe('7.25 s');
    expect(duration(325)).toBe('5 min 25 s');
    expect(duration(7380)).toBe('2 h 3 min');
    expect(bytes(999)).toBe('999 B');
    expect(bytes(1_482_113)).toBe('1.48 MB');
  });

  it('puts metrics of versions in a row, the oldest first, without texts', () => {
    const found = series([
      version(2, { metrics: { auc: 0.9, grade: 'b' } }),
      version(1, { metrics: { auc: 0.8 } })
    ]);
    expect(found).toEqual([
      {
        name: 'auc',
        points: [
          { version: '1.0.1', n: 1, value: 0.8 },
          { version: '1.0.2', n: 2, value: 0.9 }
        ]
      }
    ]);
  });

  it('draws the least value at the bottom, and what never changes in the middle', () => {
    expect(line(places([1, 3, 2], 100, 20))).toBe('M0,20L50,0L100,10');
    expect(line(places([5, 5], 100, 20))).toBe('M0,10L100,10');
  });
});

describe('layers', () => {
  const node = (id: string, kind: Node['kind']): Node => ({
    id,
    kind,
    label: id,
    facts: {}
  });
  const graph: Graph = {
    nodes: [
      node('version', 'version'),
      node('data', 'dataset'),
      node('run', 'run'),
      node('notebook', 'notebook'),
      node('prod', 'environment')
    ],
    edges: [
      { source: 'data', target: 'version', relation: 'trained' },
      { source: 'run', target: 'version', relation: 'made' },
      { source: 'notebook', target: 'run', relation: 'made' },
      { source: 'version', target: 'prod', relation: 'serves' }
    ]
  };
  const layout = layers(graph);
  const at = (id: string) => layout.boxes.find(box => box.node.id === id)!;

  it('puts each thing to the right of what it was made from', () => {
    for (const { source, target } of graph.edges) {
      expect(at(source).x + BOX.width).toBeLessThan(at(target).x);
    }
  });

  it('puts data beside the version, and nothing on top of another', () => {
    expect(at('data').x).toBe(at('run').x);
    const places = layout.boxes.map(({ x, y }) => `${x} ${y}`);
    expect(new Set(places).size).toBe(graph.nodes.length);
  });

  it('holds what it draws', () => {
    for (const { x, y } of layout.boxes) {
      expect(x + BOX.width).toBeLessThanOrEqual(layout.width);
      expect(y + BOX.height).toBeLessThanOrEqual(layout.height);
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
    }
  });

  it('survives circles and nothing at all', () => {
    const edges = [
      { source: 'a', target: 'b', relation: 'made' as const },
      { source: 'b', target: 'a', relation: 'made' as const }
    ];
    const nodes = [node('a', 'run'), node('b', 'run')];
    expect(layers({ nodes, edges }).boxes).toHaveLength(2);
    expect(layers({ nodes: [], edges: [] }).boxes).toEqual([]);
  });
});

describe('rows of long lists', () => {
  it('draws what is seen and a little more', () => {
    expect(visibleRows(5000, 40, 0, 400)).toEqual({ first: 0, end: 18 });
    const middle = visibleRows(5000, 40, 100_000, 400);
    expect(middle.first).toBeLessThanOrEqual(2500);
    expect(middle.end).toBeGreaterThanOrEqual(2510);
    expect(middle.end - middle.first).toBeLessThan(40);
    expect(visibleRows(3, 40, 9000, 400)).toEqual({ first: 0, end: 3 });
    expect(visibleRows(0, 40, 0, 400)).toEqual({ first: 0, end: 0 });
  });

  it('scrolls as little as possible', () => {
    expect(scrollTo(0, 40, 100, 400)).toBe(0);
    expect(scrollTo(5, 40, 100, 400)).toBe(100);
    expect(scrollTo(20, 40, 100, 400)).toBe(440);
  });
});

test('environments come in the order of a version’s way', () => {
  expect(inOrder(['prod', 'lab', 'canary'])).toEqual([
    'dev',
    'stage',
    'prod',
    'canary',
    'lab'
  ]);
  const way = inOrder([]);
  expect(nextAfter({}, way)).toBe('dev');
  expect(nextAfter({ dev: 'champion' }, way)).toBe('stage');
  expect(nextAfter({ dev: 'champion', stage: 'staged' }, way)).toBe('stage');
  expect(nextAfter({ prod: 'champion' }, way)).toBe('prod');
});

test('past champions are told once, without the one of now', () => {
  const record = (action: string, number: string) => ({
    action,
    version: number,
    at: '2026-11-01T00:00:00Z',
    actor: 'ada'
  });
  const records = [
    record('publish', '1.0.3'),
    record('rollback', '1.0.1'),
    record('publish', '1.0.2'),
    record('promote', '1.0.4'),
    record('publish', '1.0.1')
  ] as never[];
  const past = pastChampions(records, '1.0.3').map(one => one.version);
  expect(past).toEqual(['1.0.1', '1.0.2']);
});

test('of lists that differ, what only one has is shown', () => {
  const a = [{ uri: 'gs://a', sha256: 'f'.repeat(64) }, { uri: 'gs://b' }];
  expect(lines(a, [{ uri: 'gs://b' }])).toEqual(['gs://a ffffffffffff']);
  expect(lines(null, 3)).toEqual(['–']);
  expect(lines({ x: 1 }, null)).toEqual(['{"x":1}']);
  expect(short('a'.repeat(40))).toBe('a'.repeat(12));
  expect(short('flights')).toBe('flights');
});

test('code and data come first among differences', () => {
  const names = [
    'artifact.uri',
    'provenance.run.id',
    'datasets',
    'provenance.git.commit'
  ];
  const found = byInterest(
    names.map(name => ({ name, before: null, after: null }))
  );
  expect(found.map(one => one.name)).toEqual([...names].reverse());
});

test('labels are read line by line', () => {
  expect(parseLabels('team=delays\n\n  x = a=b \nnone\n=y')).toEqual({
    team: 'delays',
    x: 'a=b'
  });
});

test('a chart marks the versions that serve', () => {
  const points = [{ version: '1.0.1', n: 1, value: 0.8 }];
  const ink = { text: 'black', grid: 'grey', line: 'blue', font: 'serif' };
  const words = { version: 'version', serves: 'serves' };
  const champions = new Map([['1.0.1', 'prod']]);
  const spec = chart({ name: 'auc', points }, champions, ink, words);
  expect(spec.data).toEqual({
    values: [{ version: '1.0.1', n: 1, value: 0.8, serves: 'prod' }]
  });
});
