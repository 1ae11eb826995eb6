import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MessageLoop } from '@lumino/messaging';
import { MenuBar, type Menu } from '@lumino/widgets';

/** File ▸ Save and Export Notebook As. */
const EXPORT_MENU = 'jp-mainmenu-file-notebookexport';

/**
 * Take nbconvert's own entry, “Mdk”, out of the export menu: ours says what it is, and what is wrong where there is
 * nothing to export. It comes when the first notebook was opened, so it is looked for when the menu opens.
 */
export function replaceGeneric(shell: JupyterFrontEnd.IShell): void {
  const menu = exportMenu(shell);
  if (!menu) {
    return;
  }
  MessageLoop.installMessageHook(menu, (_, message) => {
    if (message.type === 'update-request') {
      const generic = menu.items.find(item => item.args.format === 'mdk');
      if (generic) {
        menu.removeItem(generic);
      }
    }
    return true;
  });
}

function exportMenu(shell: JupyterFrontEnd.IShell): Menu | undefined {
  for (const widget of shell.widgets('menu')) {
    if (widget instanceof MenuBar) {
      const items = widget.menus.flatMap(menu => menu.items);
      return (
        items.find(item => item.submenu?.id === EXPORT_MENU)?.submenu ??
        undefined
      );
    }
  }
  return undefined;
}
