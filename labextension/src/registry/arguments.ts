import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

type Name =
  | 'model'
  | 'version'
  | 'environment'
  | 'other'
  | 'to'
  | 'view'
  | 'path'
  | 'text';

const DESCRIPTIONS: Record<Name, string> = {
  model: 'Name of the model',
  version: 'Number of the version, such as 1.4.2',
  environment: 'Environment, such as prod',
  other: 'Number of the version to compare with',
  to: 'Number of a past champion to go back to; without it, the last one',
  view: 'What is shown: version, compare, lineage, card, metrics, history or rules',
  path: 'Path of a notebook or folder, whose mdk.yaml names the registry',
  text: 'What to look for'
};

/** The schema of a command's arguments. */
export function schema(
  needed: readonly Name[],
  optional: readonly Name[] = []
): ReadonlyJSONObject {
  const names = [...needed, ...optional];
  return {
    type: 'object',
    properties: Object.fromEntries(
      names.map(name => [
        name,
        { type: 'string', description: DESCRIPTIONS[name] }
      ])
    ),
    required: [...needed]
  };
}

/** An argument that is a text. */
export function text(
  args: ReadonlyPartialJSONObject,
  name: Name
): string | undefined {
  const value = args[name];
  return typeof value === 'string' ? value : undefined;
}
