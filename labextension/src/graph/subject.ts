/** What a graph is of: a notebook with its latest run, or one run. */
export type Subject = { path: string } | { run: string };

/** The id of the widget that shows it. */
export function graphId(subject: Subject): string {
  return 'run' in subject
    ? `mdk-graph:run:${subject.run}`
    : `mdk-graph:path:${subject.path}`;
}
