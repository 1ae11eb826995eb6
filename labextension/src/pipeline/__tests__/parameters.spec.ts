import { nullTranslator } from '@jupyterlab/translation';

import type { ParameterInfo } from '../../types';
import { asText, parsed } from '../parameters';

const trans = nullTranslator.load('mdk_jupyter');

function parameter(
  type: ParameterInfo['type'],
  standard: unknown,
  more: Partial<ParameterInfo> = {}
): ParameterInfo {
  return {
    name: 'x',
    type,
    default: standard as ParameterInfo['default'],
    required: false,
    description: null,
    ...more
  };
}

function read(of: ParameterInfo, text: string) {
  return parsed([of], { x: text }, trans);
}

describe('a parameter that is typed', () => {
  it.each<[ParameterInfo['type'], unknown, string, unknown]>([
    ['int', 3, '-12', -12],
    ['float', 0.5, '1e-3', 0.001],
    ['bool', true, 'false', false],
    ['str', 'a', '', ''],
    ['str', 'a', ' 1 ', ' 1 '],
    ['list', [1], '[1, "b"]', [1, 'b']],
    ['dict', {}, '{"a": [1]}', { a: [1] }],
    ['none', null, '"text"', 'text']
  ])('of type %s is read', (type, standard, text, value) => {
    const found = read(parameter(type, standard), text);
    expect(found).toEqual({ values: { x: value }, problems: {} });
  });

  it.each<[ParameterInfo['type'], string]>([
    ['int', '1.5'],
    ['int', '99999999999999999999'],
    ['float', 'many'],
    ['bool', 'perhaps'],
    ['list', '{"a": 1}'],
    ['dict', '[1]'],
    ['dict', 'null'],
    ['list', '[1']
  ])('of type %s is refused: %s', (type, text) => {
    const found = read(parameter(type, undefined), text);
    expect(found.values).toEqual({});
    expect(found.problems.x).toBeTruthy();
  });

  it('is not sent where it is the default', () => {
    for (const [type, standard] of [
      ['int', 3],
      ['bool', true],
      ['str', 'a'],
      ['list', [1, 2]],
      ['none', null]
    ] as const) {
      const of = parameter(type, standard);
      expect(read(of, asText(of, standard)).values).toEqual({});
    }
    expect(read(parameter('int', 3), ' ').values).toEqual({});
  });

  it('must be given where there is no default', () => {
    const of = parameter('str', null, { required: true });
    expect(asText(of, null)).toBe('');
    expect(parsed([of], {}, trans).problems.x).toBeTruthy();
    expect(read(of, 'a').values).toEqual({ x: 'a' });
  });
});
