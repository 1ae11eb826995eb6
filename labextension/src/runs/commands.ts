/** The commands of runs, pipelines and graphs; others may call them with these arguments. */
export namespace CommandIDs {
  /** {path?, from?, only?, parameters?, cache?} */
  export const run = 'mdk:run-pipeline';
  /** {path?} */
  export const stop = 'mdk:stop-pipeline';
  /** {path?, environment?, parameters?} */
  export const submit = 'mdk:submit-pipeline';
  /** {path?} */
  export const openSpec = 'mdk:open-spec';
  /** {path?} or {run} */
  export const openGraph = 'mdk:open-graph';
  /** {} */
  export const refreshRuns = 'mdk:refresh-runs';
  /** {run?} */
  export const showRun = 'mdk:show-run';
  /** {a?, b?} */
  export const compare = 'mdk:compare-runs';
  /** {run} */
  export const cancel = 'mdk:cancel-run';
  /** {run} */
  export const repeat = 'mdk:repeat-run';
  /** {run, step} */
  export const openStep = 'mdk:open-step';
  /** {run, step} */
  export const openLog = 'mdk:open-step-log';
  /** {path, cell, line?} */
  export const goToCell = 'mdk:go-to-cell';
}
