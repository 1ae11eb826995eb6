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

/** Let a button of a dialog say something else, to the eye and the ear. */
export function nameButton(button: Element, label: string): void {
  const shown = button.querySelector('.jp-Dialog-buttonLabel');
  if (shown && shown.textContent !== label) {
    shown.textContent = label;
    button.setAttribute('aria-label', label);
  }
}
