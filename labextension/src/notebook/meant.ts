import type { Checked } from '../types';

/** What the cells say of themselves is wrong: tags, options, names. */
const SPELLED = /^MDK1[12]\d$/;
/** No cell says anything, or papermill alone has. */
const SILENT = ['MDK121', 'MDK123'];

/** Whether a notebook is a pipeline, or on the way to become one. */
export function isMeant({ components, findings }: Checked): boolean {
  return (
    components.length > 0 ||
    findings.some(({ code }) => SPELLED.test(code) && !SILENT.includes(code))
  );
}
