import type { TranslationBundle } from '@jupyterlab/translation';

import type { ParameterInfo } from '../types';

/** What was typed for parameters, by name. What was not touched is not here. */
export type Draft = Readonly<Record<string, string>>;

/** The values of a draft that differ from the defaults, and what is wrong with the others. */
export interface IParsed {
  values: Record<string, unknown>;
  problems: Record<string, string>;
}

/** A draft with another text; undefined takes a parameter back to its default. */
export function withText(
  draft: Draft,
  name: string,
  text: string | undefined
): Draft {
  const changed = { ...draft };
  delete changed[name];
  return text === undefined ? changed : { ...changed, [name]: text };
}

/** A value as it is typed. */
export function asText(parameter: ParameterInfo, of: unknown): string {
  if (of === undefined || (of === null && parameter.required)) {
    return '';
  }
  return typeof of === 'string' && parameter.type !== 'none'
    ? of
    : JSON.stringify(of);
}

/** Read a draft. */
export function parsed(
  parameters: readonly ParameterInfo[],
  draft: Draft,
  trans: TranslationBundle
): IParsed {
  const values: IParsed['values'] = {};
  const problems: IParsed['problems'] = {};
  for (const parameter of parameters) {
    const { name } = parameter;
    const text = draft[name];
    const isLeft =
      text === undefined || (text.trim() === '' && parameter.type !== 'str');
    if (isLeft) {
      if (parameter.required) {
        problems[name] = trans.__('Every run must give this value.');
      }
    } else if (text !== asText(parameter, parameter.default)) {
      const value = read(parameter.type, text);
      if (value === undefined) {
        problems[name] = wrong(parameter.type, trans);
      } else {
        values[name] = value;
      }
    }
  }
  return { values, problems };
}

/** The value that a text stands for; undefined where it stands for none of the type. */
function read(type: ParameterInfo['type'], text: string): unknown {
  const typed = text.trim();
  switch (type) {
    case 'str':
      return text;
    case 'int':
      return /^[+-]?\d+$/.test(typed) && Number.isSafeInteger(Number(typed))
        ? Number(typed)
        : undefined;
    case 'float':
      return Number.isFinite(Number(typed)) ? Number(typed) : undefined;
    case 'bool':
      return { true: true, false: false }[typed.toLowerCase()];
    default:
      return readJSON(type, typed);
  }
}

function readJSON(type: 'list' | 'dict' | 'none', text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    const isList = Array.isArray(value);
    const fits = {
      list: isList,
      dict: typeof value === 'object' && value !== null && !isList,
      none: true
    };
    return fits[type] ? value : undefined;
  } catch {
    return undefined;
  }
}

function wrong(type: ParameterInfo['type'], trans: TranslationBundle): string {
  switch (type) {
    case 'int':
      return trans.__('This is no whole number.');
    case 'float':
      return trans.__('This is no number.');
    case 'bool':
      return trans.__('This is neither true nor false.');
    case 'list':
      return trans.__('This is no JSON list, such as [1, 2].');
    case 'dict':
      return trans.__('This is no JSON object, such as {"a": 1}.');
    default:
      return trans.__('This is no JSON; texts need quotes.');
  }
}
