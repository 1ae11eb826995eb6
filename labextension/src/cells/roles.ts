import type { JSONObject, JSONValue } from '@lumino/coreutils';

import { componentLine, lineFor, readLine, withoutLine } from './line';
import {
  gather,
  merged,
  optionOf,
  ordered,
  parted,
  type IOption,
  type Options
} from './options';

/** How a cell says what it is: by tags, by `metadata.mdk`, or by a first line `%%component`. */
export type Style = 'tags' | 'metadata' | 'magic';
export const STYLES: readonly Style[] = ['tags', 'metadata', 'magic'];

/** The part of a code cell that says what the cell is for. */
export interface ICellText {
  readonly tags: readonly string[];
  readonly mdk: JSONValue | undefined;
  readonly source: string;
}

/** What a code cell is for. */
export interface IRole {
  readonly kind: 'component' | 'parameters' | 'skip' | 'exploration';
  /** Of a component. */
  readonly component: string | null;
  readonly options: Options;
}

export const EXPLORATION: IRole = {
  kind: 'exploration',
  component: null,
  options: {}
};

/** A name that a component can have. */
export const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

const RESOURCES = ['cpu', 'memory', 'gpu'];

/** What a cell is for, as the compiler reads it; of two that disagree (an error there) the first. */
export function readRole(cell: ICellText): IRole {
  const said = STYLES.map(style => readStyle(cell, style)).filter(
    role => role !== null
  );
  const first = said.find(role => role.kind !== 'exploration');
  if (!first) {
    return EXPLORATION;
  }
  const component =
    first.kind === 'component'
      ? (said.find(role => role.component)?.component ?? null)
      : null;
  const options = said.map(role => role.options).reduce(merged);
  return {
    kind: first.kind,
    component,
    options: first.kind === 'component' ? ordered(options) : {}
  };
}

/** The styles in which a cell says something. */
export function stylesOf(cell: ICellText): Style[] {
  return STYLES.filter(style => readStyle(cell, style) !== null);
}

/** How most cells say what they are; `tags` where none says anything. */
export function styleOf(cells: Iterable<ICellText>): Style {
  const count = { tags: 0, metadata: 0, magic: 0 };
  for (const cell of cells) {
    count.tags += cell.tags.some(isRoleTag) ? 1 : 0;
    count.metadata += cell.mdk === undefined ? 0 : 1;
    count.magic += componentLine(cell.source) ? 1 : 0;
  }
  return STYLES.reduce((most, style) =>
    count[style] > count[most] ? style : most
  );
}

/** Whether cells speak Kale's dialect, which the compiler reads and nobody here writes. */
export function isKale(cells: Iterable<ICellText>): boolean {
  const telling =
    /^(step|block|prev|notebook):|^pipeline-(parameters|metrics)$/;
  return [...cells].some(cell => cell.tags.some(tag => telling.test(tag)));
}

/**
 * The cell with this role in this style, and in no other; what is not ours stays as it is.
 *
 * @param spoken words of options that a first line says in any style
 */
export function writeRole(
  cell: ICellText,
  role: IRole,
  style: Style,
  spoken: readonly string[] = []
): ICellText {
  const bare = {
    tags: cell.tags.filter(tag => !isOurs(tag)),
    mdk: withoutOurs(cell.mdk),
    source: withoutLine(cell.source)
  };
  const { kind, component } = role;
  if (kind === 'exploration' || (kind === 'component' && !component)) {
    return bare;
  }
  // Papermill looks for the tag, and a line can only name a component.
  const by =
    kind === 'parameters' || (kind === 'skip' && style === 'magic')
      ? 'tags'
      : style;
  const options = ordered(kind === 'component' ? role.options : {});
  const inLine = by === 'magic' ? Object.keys(options) : spoken;
  const [said, rest] = parted(options, inLine);
  const line =
    by === 'magic' || Object.keys(said).length > 0
      ? `${lineFor(component!, said)}\n`
      : '';
  const written = { ...bare, source: line + bare.source };
  if (by === 'tags') {
    return { ...written, tags: [...bare.tags, ...tagsFor(role, rest)] };
  }
  if (by === 'metadata') {
    return { ...written, mdk: metadataFor(role, rest, bare.mdk, cell.mdk) };
  }
  return written;
}

function readStyle(cell: ICellText, style: Style): IRole | null {
  switch (style) {
    case 'tags':
      return readTags(cell.tags);
    case 'metadata':
      return cell.mdk === undefined ? null : readMetadata(cell.mdk);
    case 'magic':
      return readLine(cell.source);
  }
}

// Tags

function isRoleTag(tag: string): boolean {
  return tag === 'parameters' || tag === 'skip' || tag.startsWith('component:');
}

function parts(tag: string): [string, string] | null {
  const colon = tag.indexOf(':');
  return colon < 0
    ? null
    : [tag.slice(0, colon).trim(), tag.slice(colon + 1).trim()];
}

function isOurs(tag: string): boolean {
  const word = parts(tag.trim())?.[0];
  return (
    ['parameters', 'skip', 'injected-parameters'].includes(tag.trim()) ||
    word === 'component' ||
    (word !== undefined && optionOf(word) !== undefined)
  );
}

function readTags(tags: readonly string[]): IRole | null {
  const ours = tags.map(tag => tag.trim()).filter(isOurs);
  const pairs = ours.map(parts).filter(pair => pair !== null);
  const names = pairs.filter(([word]) => word === 'component');
  const kind = roleTag(ours);
  return ours.length === 0
    ? null
    : {
        kind: kind ?? (names.length > 0 ? 'component' : 'exploration'),
        component: names[0]?.[1] || null,
        options: gather(pairs.filter(([word]) => word !== 'component'))
      };
}

function roleTag(tags: readonly string[]): 'parameters' | 'skip' | null {
  const first = tags.find(
    tag => !tag.includes(':') || parts(tag)?.[0] === 'component'
  );
  if (first === undefined || first.includes(':')) {
    return null;
  }
  return first === 'parameters' ? 'parameters' : 'skip';
}

function tagsFor(role: IRole, options: Options): string[] {
  if (role.kind !== 'component') {
    return [role.kind];
  }
  const written = Object.entries(options).flatMap(([word, values]) =>
    values.map(value => `${word}:${value}`)
  );
  return [`component:${role.component}`, ...written];
}

// metadata.mdk

function isObject(value: JSONValue | undefined): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: JSONValue | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

function readMetadata(mdk: JSONValue): IRole | null {
  if (!isObject(mdk)) {
    return null;
  }
  const { resources, ...rest } = mdk;
  const nested = isObject(resources)
    ? Object.entries(resources).filter(([key]) => RESOURCES.includes(key))
    : [];
  const entries = [...Object.entries(rest), ...nested] as [string, JSONValue][];
  const said = entries.filter(([, value]) => !isEmpty(value));
  const component = said.find(([word]) => word === 'component')?.[1];
  const mark = (['parameters', 'skip'] as const).find(
    word => mdk[word] === true
  );
  return {
    kind: component !== undefined ? 'component' : (mark ?? 'exploration'),
    component: typeof component === 'string' ? component : null,
    options: gather(
      said.flatMap(([word, value]) => {
        const option = optionOf(word);
        return option ? textsOf(value).map(text => [word, text] as const) : [];
      })
    )
  };
}

function textsOf(value: JSONValue): string[] {
  if (Array.isArray(value)) {
    return value.map(textOf);
  }
  return isObject(value)
    ? Object.entries(value).map(
        ([key, each]) =>
          `${key}=${typeof each === 'boolean' ? each : textOf(each as JSONValue)}`
      )
    : [textOf(value)];
}

function textOf(value: JSONValue): string {
  if (typeof value === 'boolean') {
    return value ? 'on' : 'off';
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function withoutOurs(mdk: JSONValue | undefined): JSONValue | undefined {
  if (!isObject(mdk)) {
    return mdk;
  }
  const rest = Object.entries(mdk).filter(([word, value]) => {
    const known =
      ['component', 'parameters', 'skip'].includes(word) || optionOf(word);
    return !known && !(word === 'resources' && isObject(value));
  });
  const strange = isObject(mdk.resources)
    ? Object.entries(mdk.resources).filter(([key]) => !RESOURCES.includes(key))
    : [];
  const kept = Object.fromEntries(rest);
  if (strange.length > 0) {
    kept.resources = Object.fromEntries(strange);
  }
  return isEmpty(kept) ? undefined : kept;
}

function metadataFor(
  role: IRole,
  options: Options,
  bare: JSONValue | undefined,
  before: JSONValue | undefined
): JSONObject {
  const kept = isObject(bare) ? bare : {};
  if (role.kind !== 'component') {
    return { [role.kind]: true, ...kept };
  }
  const nests = isObject(before) && isObject(before.resources);
  const written: JSONObject = { component: role.component };
  const resources: JSONObject = isObject(kept.resources)
    ? { ...kept.resources }
    : {};
  for (const [word, values] of Object.entries(options)) {
    const place = nests && RESOURCES.includes(word) ? resources : written;
    place[word] = jsonOf(optionOf(word)!, values);
  }
  const whole = { ...written, ...kept };
  return isEmpty(resources) ? whole : { ...whole, resources };
}

function jsonOf(option: IOption, values: readonly string[]): JSONValue {
  // What cannot be read stays as it was written, for the compiler to name it.
  if (option.many === 'map' && values.every(value => value.includes('='))) {
    return Object.fromEntries(
      values.map(value => {
        const equals = value.indexOf('=');
        return [value.slice(0, equals).trim(), value.slice(equals + 1).trim()];
      })
    );
  }
  if (option.many) {
    return [...values];
  }
  const [value] = values;
  if (option.plain === 'number' && /^\d{1,9}(\.\d+)?$/.test(value)) {
    return Number(value);
  }
  const switches: Record<string, boolean> = {
    on: true,
    true: true,
    yes: true,
    off: false,
    false: false,
    no: false
  };
  return option.plain === 'switch'
    ? (switches[value.toLowerCase()] ?? value)
    : value;
}
