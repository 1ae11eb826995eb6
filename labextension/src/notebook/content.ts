import type { INotebookModel } from '@jupyterlab/notebook';
import type { JSONObject } from '@lumino/coreutils';

/** The notebook as it is in the editor, without outputs: those can be large, and change nothing. */
export function contentOf(model: INotebookModel): JSONObject {
  const { nbformat, nbformat_minor, metadata } = model.sharedModel;
  return {
    nbformat,
    nbformat_minor,
    metadata: metadata as JSONObject,
    cells: Array.from(model.cells, cell => ({
      id: cell.id,
      cell_type: cell.type,
      metadata: cell.sharedModel.getMetadata() as JSONObject,
      source: cell.sharedModel.getSource(),
      ...(cell.type === 'code' ? { outputs: [], execution_count: null } : {})
    }))
  };
}
