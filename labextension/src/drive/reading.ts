import type { IDocumentManager } from '@jupyterlab/docmanager';

/** The drive of what runs have left. */
export const DRIVE = 'mdk';

/** Open something that a run has left, to be read: no kernel is started for a notebook. */
export function read(
  docManager: IDocumentManager,
  path: string,
  factory?: string
): void {
  const withoutKernel = {
    shouldStart: false,
    canStart: false,
    autoStartDefault: false
  };
  docManager.openOrReveal(
    `${DRIVE}:${path}`,
    factory,
    undefined,
    undefined,
    withoutKernel
  );
}
