import { Roles, type ICodeCell } from '../edits';
import {
  readRole,
  STYLES,
  styleOf,
  stylesOf,
  writeRole,
  type ICellText,
  type IRole
} from '../roles';
import { quoted, split } from '../shell';

// tests/jupyter/test_cell_roles.py holds the compiler to the same cases.
import CASES from './roles.json';

const cases = CASES.map(
  ({ title, cell, role }) =>
    [title, { mdk: undefined, ...cell } as ICellText, role as IRole] as const
);

describe('readRole', () => {
  it.each(cases)('reads %s', (_, cell, role) => {
    expect(readRole(cell)).toEqual(role);
  });
});

describe('writeRole', () => {
  const all = cases.flatMap(([title, cell, role]) =>
    STYLES.map(style => [title, style, cell, role] as const)
  );

  it.each(all)('writes %s as %s', (_, style, cell, role) => {
    const written = writeRole(cell, role, style);
    expect(readRole(written)).toEqual(role);
    expect(stylesOf(written).length).toBe(role.kind === 'exploration' ? 0 : 1);
    expect(writeRole(written, role, style)).toEqual(written);
  });

  it.each(all)(
    'puts %s, written as %s, on an empty cell',
    (_, style, __, role) => {
      const empty = { tags: ['mine'], mdk: undefined, source: 'x = 1\n' };
      const written = writeRole(empty, role, style);
      expect(readRole(written)).toEqual(role);
      const cleared = writeRole(
        written,
        { kind: 'exploration', component: null, options: {} },
        style
      );
      expect(cleared).toEqual(empty);
    }
  );

  it('writes values of metadata as a form would', () => {
    const [, , role] = cases.find(([title]) => title.startsWith('the words'))!;
    const empty = { tags: [], mdk: undefined, source: '' };
    expect(writeRole(empty, role, 'metadata').mdk).toEqual({
      component: 'train',
      after: ['load', 'clean'],
      when: 'auc > 0.8',
      cpu: 0.5,
      memory: '16Gi',
      retries: 2,
      cache: false,
      requirement: ['pandas', 'rich'],
      label: { team: 'risk', level: '3', hot: 'true' }
    });
  });

  it('keeps what it does not know', () => {
    const cell = {
      tags: ['a', 'component:x', 'b'],
      mdk: { note: 1, component: 'x', resources: { cpu: 1, odd: 2 } },
      source: 'y'
    };
    const role = { kind: 'component', component: 'z', options: {} } as const;
    expect(writeRole(cell, role, 'tags')).toEqual({
      tags: ['a', 'b', 'component:z'],
      mdk: { note: 1, resources: { odd: 2 } },
      source: 'y'
    });
  });
});

test('most cells decide on the style', () => {
  const tag = { tags: ['component:a'], mdk: undefined, source: '' };
  const line = { tags: [], mdk: undefined, source: '%%component a' };
  expect(styleOf([])).toBe('tags');
  expect(styleOf([tag, line])).toBe('tags');
  expect(styleOf([tag, line, line])).toBe('magic');
  expect(styleOf([{ tags: [], mdk: {}, source: '' }])).toBe('metadata');
});

describe('a line of words', () => {
  it.each(['a', '', 'a b', `it's`, 'a "b"', 'a\\b', `both " and '`, '\t'])(
    'is read as it was written: %j',
    word => {
      expect(split(`x ${quoted(word)} y`)).toEqual(['x', word, 'y']);
    }
  );

  it('is unreadable with an open quote', () => {
    expect(split('a "b')).toBeNull();
    expect(split(`a 'b`)).toBeNull();
    expect(split('a\\')).toBeNull();
  });
});

describe('Roles', () => {
  const cell = (id: string, ...tags: string[]): ICodeCell => ({
    id,
    tags,
    mdk: undefined,
    source: id
  });
  const notebook = [
    cell('1', 'parameters'),
    cell('2', 'component:load', 'cpu:2'),
    cell('3', 'component:load', 'memory:1Gi'),
    cell('4', 'component:train', 'after:load', 'requirement:rich'),
    cell('5')
  ];
  const component = (name: string) =>
    ({ kind: 'component', component: name }) as const;
  const tags = (cells: ICodeCell[]) =>
    Object.fromEntries(cells.map(each => [each.id, each.tags]));

  it('knows what the cells say together', () => {
    const roles = new Roles(notebook);
    expect(roles.components).toEqual(['load', 'train']);
    expect(roles.optionsOf('load')).toEqual({ cpu: ['2'], memory: ['1Gi'] });
  });

  it('leaves the options with the component', () => {
    expect(tags(new Roles(notebook).assign(['2'], component('train')))).toEqual(
      {
        '2': ['component:train'],
        '3': ['component:load', 'cpu:2', 'memory:1Gi']
      }
    );
  });

  it('takes them along to a new component where the old one ends', () => {
    const changed = new Roles(notebook).assign(['3', '2'], component('fetch'));
    expect(tags(changed)).toEqual({
      '2': ['component:fetch', 'cpu:2', 'memory:1Gi'],
      '3': ['component:fetch']
    });
  });

  it('changes nothing where nothing changes', () => {
    const roles = new Roles(notebook);
    expect(roles.assign(['2', '3'], component('load'))).toEqual([]);
    expect(roles.assign([], component('new'))).toEqual([]);
    expect(roles.setOptions('load', { cpu: ['2'] })).toEqual([]);
  });

  it('renames, also where others wait', () => {
    expect(tags(new Roles(notebook).rename('load', 'fetch'))).toEqual({
      '2': ['component:fetch', 'cpu:2'],
      '3': ['component:fetch', 'memory:1Gi'],
      '4': ['component:train', 'after:fetch', 'requirement:rich']
    });
  });

  it('sets an option where it stands, and once', () => {
    const roles = new Roles([
      ...notebook,
      cell('6', 'component:load', 'cpu:2')
    ]);
    expect(
      tags(roles.setOptions('load', { cpu: ['4'], memory: [], retries: ['1'] }))
    ).toEqual({
      '2': ['component:load', 'cpu:4', 'retries:1'],
      '3': ['component:load'],
      '6': ['component:load']
    });
  });

  it('writes as the notebook does', () => {
    const lines = notebook.map(({ id }) => ({
      ...cell(id),
      source: id === '5' ? 'x' : `%%component c${id}\nx`
    }));
    const changed = new Roles(lines).assign(['5'], component('c5'));
    expect(changed[0].source).toBe('%%component c5\nx');
    const asked = new Roles(lines, 'metadata').assign(['5'], component('c5'));
    expect(asked[0].mdk).toEqual({ component: 'c5' });
  });

  it('lets each cell say by its line what the notebook must obey', () => {
    const two = [
      cell('1', 'component:load', 'after:x', 'cpu:2'),
      cell('2', 'component:load'),
      cell('3', 'component:tell', 'after:load', 'memory:1Gi'),
      cell('4', 'component:last', 'after:tell')
    ];
    const changed = new Roles(two).setOptions('load', { when: ['a > 1'] });
    const wanted = [
      [
        ['component:load', 'after:x', 'cpu:2'],
        '%%component load --when "a > 1"\n1'
      ],
      [['component:load'], '%%component load --when "a > 1"\n2'],
      [['component:tell', 'memory:1Gi'], '%%component tell --after load\n3'],
      [['component:last'], '%%component last --after tell\n4']
    ];
    expect(changed.map(({ tags, source }) => [tags, source])).toEqual(wanted);
    const roles = new Roles(changed);
    expect(roles.setOptions('load', { when: ['a > 1'] })).toEqual([]);

    // Others are left as they are, a cell that comes in says it too.
    const [moved] = roles.assign(['4'], component('load'));
    expect(moved.source).toBe('%%component load --when "a > 1"\n4');
    const [only] = roles.setOptions('tell', { memory: [] });
    expect([only.id, only.tags]).toEqual(['3', ['component:tell']]);

    // Without the condition all is as it was.
    expect(roles.setOptions('load', { when: [] })).toEqual(two);
  });

  it('puts a condition where it must stand when it is set once more', () => {
    const tagged = [
      cell('1', 'component:load', 'when:a > 1'),
      cell('2', 'component:load'),
      cell('3', 'component:tell')
    ];
    const said = new Roles(tagged).setOptions('load', { when: ['a > 1'] });
    expect(said.map(({ tags, source }) => [tags, source])).toEqual([
      [['component:load'], '%%component load --when "a > 1"\n1'],
      [['component:load'], '%%component load --when "a > 1"\n2']
    ]);
    const half = new Roles([said[0], tagged[1]]);
    const [, second] = half.setOptions('load', { when: ['a > 2'] });
    expect(second.source).toBe('%%component load --when "a > 2"\n2');
  });

  it('says what all cells had to say once, where that is enough', () => {
    const lines = [
      cell('1', 'component:load'),
      cell('2', 'component:tell'),
      cell('3', 'component:tell')
    ];
    const apply = (cells: ICodeCell[], changed: ICodeCell[]) =>
      cells.map(each => changed.find(({ id }) => id === each.id) ?? each);
    const steps = [
      ['tell', 'after', 'load'],
      ['load', 'foreach', 'x in y'],
      ['load', 'when', 'z'],
      ['load', 'when', '']
    ];
    const after = steps.reduce(
      (cells, [name, word, value]) =>
        apply(
          cells,
          new Roles(cells).setOptions(name, { [word]: value ? [value] : [] })
        ),
      lines
    );
    expect(after.map(({ tags, source }) => [tags, source])).toEqual([
      [['component:load'], '%%component load --foreach "x in y"\n1'],
      [['component:tell', 'after:load'], '2'],
      [['component:tell'], '3']
    ]);
  });

  it('never leaves two that disagree', () => {
    const mixed = { ...cell('1', 'component:a'), mdk: { component: 'a' } };
    const [changed] = new Roles([mixed]).assign(['1'], component('b'));
    expect(changed).toMatchObject({ tags: ['component:b'], mdk: undefined });
  });
});
