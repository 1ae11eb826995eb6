import type { ICellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';
import { JSONExt, type JSONValue } from '@lumino/coreutils';

import type { ICodeCell } from './edits';
import { componentLine, LOAD, loads } from './line';

/** The code cells of a notebook, as far as they say what they are for. */
export function codeCells(model: INotebookModel): ICodeCell[] {
  return Array.from(model.cells)
    .filter(cell => cell.type === 'code')
    .map(cell => ({
      id: cell.id,
      tags: tagsOf(cell),
      mdk: cell.getMetadata('mdk'),
      source: cell.sharedModel.getSource()
    }));
}

/**
 * Write cells into a notebook, as one change that can be undone.
 *
 * @returns whether a cell was added that makes the notebook obey its first `%%component` lines
 */
export function apply(
  model: INotebookModel,
  cells: readonly ICodeCell[]
): boolean {
  if (model.readOnly || cells.length === 0) {
    return false;
  }
  const isDeaf = cells.some(hasLine) && !codeCells(model).some(hears);
  const changed = new Map(cells.map(cell => [cell.id, cell]));
  const { sharedModel } = model;
  const { undoManager } = sharedModel as Partial<{
    undoManager: { stopCapturing(): void };
  }>;
  // Else it would be joined with what was done just before.
  undoManager?.stopCapturing();
  sharedModel.transact(() => {
    for (const cell of model.cells) {
      const wanted = changed.get(cell.id);
      if (wanted) {
        setMetadata(
          cell,
          'tags',
          wanted.tags.length ? [...wanted.tags] : undefined
        );
        setMetadata(cell, 'mdk', wanted.mdk);
        setSource(cell, wanted.source);
      }
    }
    if (isDeaf) {
      const first = sharedModel.cells.findIndex(
        cell => cell.cell_type === 'code'
      );
      sharedModel.insertCell(first, { cell_type: 'code', source: LOAD });
    }
  });
  undoManager?.stopCapturing();
  return isDeaf;
}

function hasLine(cell: ICodeCell): boolean {
  return componentLine(cell.source) !== null;
}

/** Whether a cell loads the extension, or is one of those that obey it already, however it is loaded. */
function hears(cell: ICodeCell): boolean {
  return hasLine(cell) || loads(cell.source);
}

function tagsOf(cell: ICellModel): string[] {
  const tags: unknown = cell.getMetadata('tags');
  const all = typeof tags === 'string' ? [tags] : tags;
  return Array.isArray(all)
    ? all.filter((tag): tag is string => typeof tag === 'string')
    : [];
}

function setMetadata(
  cell: ICellModel,
  key: string,
  value: JSONValue | undefined
): void {
  const before = cell.getMetadata(key) as JSONValue | undefined;
  if (value === undefined) {
    if (before !== undefined) {
      cell.deleteMetadata(key);
    }
  } else if (!JSONExt.deepEqual(before ?? null, value)) {
    cell.setMetadata(key, value);
  }
}

/** Change no more than what differs, so that the cursor stays where it is. */
function setSource(cell: ICellModel, source: string): void {
  const before = cell.sharedModel.getSource();
  if (before === source) {
    return;
  }
  const most = Math.min(before.length, source.length);
  let start = 0;
  while (start < most && before[start] === source[start]) {
    start += 1;
  }
  let end = 0;
  while (
    end < most - start &&
    before[before.length - 1 - end] === source[source.length - 1 - end]
  ) {
    end += 1;
  }
  cell.sharedModel.updateSource(
    start,
    before.length - end,
    source.slice(start, source.length - end)
  );
}
