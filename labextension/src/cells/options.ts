/** How the values of an option are written: one, several, or several `KEY=VALUE`. */
type Many = '' | 'list' | 'map';

/** How a value looks in `metadata.mdk`. */
type Plain = 'text' | 'number' | 'switch';

/** One option of a component, as the compiler knows it (`mdk_converters.options`). */
export interface IOption {
  /** In tags, flags and `metadata.mdk`. */
  word: string;
  /** Also understood as the word. */
  field: string;
  example: string;
  many: Many;
  /** Several values in one text, apart by commas. */
  commas: boolean;
  plain: Plain;
}

function option(word: string, example: string, more: Partial<IOption> = {}) {
  return {
    word,
    field: word,
    example,
    many: '' as Many,
    commas: false,
    plain: 'text' as Plain,
    ...more
  };
}

const LIST = { many: 'list' as Many };
const NAMES = { many: 'list' as Many, commas: true };
const MAP = { many: 'map' as Many };

/** In the order in which forms show them and cells are written. */
export const OPTIONS: readonly IOption[] = [
  option('after', 'load', NAMES),
  option('when', 'auc > 0.8'),
  option('foreach', 'lr in rates'),
  option('cpu', '4', { plain: 'number' }),
  option('memory', '16Gi'),
  option('gpu', 'nvidia-tesla-t4:1'),
  option('image', 'training'),
  option('retries', '2', { plain: 'number' }),
  option('timeout', '30m'),
  option('cache', 'off', { plain: 'switch' }),
  option('description', 'cleans the flights'),
  option('requirement', 'scikit-learn>=1.4', {
    field: 'requirements',
    ...LIST
  }),
  option('file', 'data/*.csv', { field: 'files', ...LIST }),
  option('changes', 'model', NAMES),
  option('output', 'auc', { field: 'outputs', ...NAMES }),
  option('metric', 'auc', { field: 'metrics', ...NAMES }),
  option('env', 'STAGE=dev', MAP),
  option('secret', 'TOKEN=api-token', { field: 'secrets', ...MAP }),
  option('volume', '/data=claim', { field: 'volumes', ...MAP }),
  option('label', 'team=risk', { field: 'labels', ...MAP }),
  option('annotation', 'owner=ann', { field: 'annotations', ...MAP })
];

const BY_WORD = new Map(
  OPTIONS.flatMap(each => [
    [each.word, each],
    [each.field, each]
  ])
);

/** The option with this word, or with this field. */
export function optionOf(word: string): IOption | undefined {
  return BY_WORD.get(word);
}

/** Options by word; each value as text, `KEY=VALUE` in maps. What is not there was not said. */
export type Options = Readonly<Record<string, readonly string[]>>;

/** The values that a text gives, as the compiler would read it. */
export function valuesIn(option: IOption, text: string): string[] {
  const parts = option.commas ? text.split(',') : [text];
  return parts.map(part => part.trim()).filter(part => part !== '');
}

/** What two say together; where they differ on one value, `one` holds. */
export function merged(one: Options, other: Options): Options {
  const both: Record<string, readonly string[]> = { ...other, ...one };
  for (const { word, many } of OPTIONS) {
    if (many && one[word] && other[word]) {
      const keys = new Set(one[word].map(value => keyOf(value, many)));
      const rest = other[word].filter(value => !keys.has(keyOf(value, many)));
      both[word] = [...one[word], ...rest];
    }
  }
  return both;
}

function keyOf(value: string, many: Many): string {
  return many === 'map' ? value.split('=', 1)[0].trim() : value;
}

/** These options, in the order of `OPTIONS`, without those that are empty. */
export function ordered(options: Options): Options {
  return Object.fromEntries(
    OPTIONS.flatMap(({ word }) =>
      options[word]?.length ? [[word, options[word]]] : []
    )
  );
}

/** The options with these words, and the others. */
export function parted(
  options: Options,
  words: readonly string[]
): [Options, Options] {
  const all = Object.entries(options);
  return [
    Object.fromEntries(all.filter(([word]) => words.includes(word))),
    Object.fromEntries(all.filter(([word]) => !words.includes(word)))
  ];
}

/** Options from what is written, in the order in which it is. */
export function gather(pairs: Iterable<readonly [string, string]>): Options {
  let all: Options = {};
  for (const [word, text] of pairs) {
    const option = optionOf(word);
    const values = option ? valuesIn(option, text) : [];
    if (option && values.length > 0) {
      all = merged(all, { [option.word]: [...new Set(values)] });
    }
  }
  return ordered(all);
}
