import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';

/**
 * Show a widget in the main area, where it is not there already.
 *
 * In Notebook 7 the main area is the notebook's alone: there it is shown beside it.
 */
export function present(
  app: JupyterFrontEnd,
  widget: Widget,
  mode?: DocumentRegistry.IOpenOptions['mode']
): void {
  if (!widget.isAttached) {
    const isNotebook = app.name === 'Jupyter Notebook';
    const options = { type: 'MDK', mode };
    app.shell.add(widget, isNotebook ? 'right' : 'main', options);
  }
  app.shell.activateById(widget.id);
}
