import type { TranslationBundle } from '@jupyterlab/translation';

import { optionOf, type Options } from './options';

/** What an option is called in a form, and what it does. */
export interface ILabel {
  title: string;
  help: string;
}

/** Options by word, in words for the user. */
export function labels(trans: TranslationBundle): Record<string, ILabel> {
  const label = (title: string, help: string): ILabel => ({ title, help });
  return {
    after: label(
      trans.__('Run after'),
      trans.__('Components that it waits for, even if no data flows')
    ),
    when: label(
      trans.__('Only when'),
      trans.__('Runs only if this holds; otherwise the step is skipped')
    ),
    foreach: label(
      trans.__('For each'),
      trans.__('Runs once for each item; what it makes becomes lists')
    ),
    cpu: label(trans.__('CPU'), trans.__('Number of processors')),
    memory: label(trans.__('Memory'), trans.__('Memory, such as 16Gi')),
    gpu: label(trans.__('GPU'), trans.__('Accelerator, and how many')),
    image: label(
      trans.__('Image'),
      trans.__('Container image when it runs elsewhere')
    ),
    retries: label(
      trans.__('Retries'),
      trans.__('How often it is tried again when it fails')
    ),
    timeout: label(
      trans.__('Timeout'),
      trans.__('It fails when it takes longer, such as 30m')
    ),
    cache: label(
      trans.__('Cache'),
      trans.__('Whether it may be skipped when nothing changed')
    ),
    description: label(
      trans.__('Description'),
      trans.__('What the component does')
    ),
    requirement: label(
      trans.__('Packages'),
      trans.__('Packages to install, one on each line')
    ),
    file: label(
      trans.__('Files'),
      trans.__('Local files that it needs, one on each line')
    ),
    changes: label(
      trans.__('Changes'),
      trans.__('Variables that it changes in place, where no reading can tell')
    ),
    output: label(
      trans.__('Outputs'),
      trans.__('Variables to keep although no component reads them')
    ),
    metric: label(trans.__('Metrics'), trans.__('Variables to log as metrics')),
    env: label(
      trans.__('Environment'),
      trans.__('Environment variables, one NAME=VALUE on each line')
    ),
    secret: label(
      trans.__('Secrets'),
      trans.__(
        'Environment variables from secrets, one VARIABLE=SECRET:KEY on each line'
      )
    ),
    volume: label(
      trans.__('Volumes'),
      trans.__('Folders from volume claims, one /FOLDER=CLAIM on each line')
    ),
    label: label(
      trans.__('Labels'),
      trans.__('Labels of the remote step, one KEY=VALUE on each line')
    ),
    annotation: label(
      trans.__('Annotations'),
      trans.__('Annotations of the remote step, one KEY=VALUE on each line')
    )
  };
}

/** Options in a few words, for one line. */
export function inShort(options: Options, trans: TranslationBundle): string[] {
  const say: Record<string, (value: string) => string> = {
    after: value => trans.__('after %1', value),
    when: value => trans.__('when %1', value),
    foreach: value => trans.__('for each %1', value),
    cpu: value => trans.__('%1 CPU', value),
    memory: value => value,
    gpu: value => value,
    image: value => trans.__('image %1', value),
    retries: value => trans._n('%1 retry', '%1 retries', Number(value) || 0),
    timeout: value => trans.__('within %1', value),
    cache: value => trans.__('cache %1', value)
  };
  const said = Object.entries(options);
  const known = said.filter(([word]) => word in say);
  const rest = said.length - known.length;
  return [
    ...known.map(([word, values]) => say[word](values.join(', '))),
    ...(rest > 0 ? [trans._n('%1 more', '%1 more', rest)] : [])
  ];
}

/** Values as a form shows them: several apart by commas, or one on each line. */
export function textFor(word: string, values: readonly string[] = []): string {
  return values.join(optionOf(word)?.commas ? ', ' : '\n');
}
