import type { Options } from './options';

/** Options that a run of the notebook itself must obey, as the compiler demands it (`mdk_converters.heeding`). */
const HEEDED = ['when', 'foreach'];

/**
 * The words that the `%%component` line of each cell of a component must say, whatever the style of the notebook: its
 * condition, its loop, and what it comes after where that may be skipped. IPython sees no tags and no metadata.
 */
export function spokenBy(
  components: ReadonlyMap<string | null, Options>
): Map<string | null, string[]> {
  const skippable = new Set<string | null>();
  let known = -1;
  while (known < skippable.size) {
    known = skippable.size;
    for (const [name, { when, after }] of components) {
      if (when?.length || after?.some(other => skippable.has(other))) {
        skippable.add(name);
      }
    }
  }
  const spoken = (options: Options) => [
    ...(options.after?.some(name => skippable.has(name)) ? ['after'] : []),
    ...HEEDED.filter(word => options[word]?.length)
  ];
  return new Map(
    [...components].map(([name, options]) => [name, spoken(options)])
  );
}
