import type { NotebookPanel } from '@jupyterlab/notebook';
import { MenuSvg } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Menu } from '@lumino/widgets';

import { CommandIDs } from './commands';
import type { Writing } from './writing';

/** What the selected cells can be: the components that there are, a new one, or something else. */
export class ComponentMenu {
  constructor(options: ComponentMenu.IOptions) {
    this._options = options;
    this.menu = new MenuSvg({ commands: options.commands });
    this.menu.id = 'jp-mdk-component-menu';
    this.menu.title.label = options.trans.__('Pipeline Component');
    // Else the keys of the notebook would be dead.
    this.menu.aboutToClose.connect(() => {
      this._focused?.focus();
      this._focused = null;
    });
  }

  readonly menu: Menu;

  /** Open below this. */
  open(anchor: HTMLElement): void {
    this.fill();
    this._focused = document.activeElement as HTMLElement | null;
    const { left, bottom } = anchor.getBoundingClientRect();
    this.menu.open(left, bottom + 2);
  }

  /** Open at the active cell: below what was clicked, its chip, or at its first line. */
  openAtCell(): void {
    const { writing } = this._options;
    const { activeCell, panel } = writing;
    if (!activeCell || !panel) {
      return;
    }
    const clicked = document.activeElement;
    const anchor =
      clicked instanceof HTMLElement && clicked.closest('.jp-cell-toolbar')
        ? clicked
        : (this._options.chipOf(panel) ??
          activeCell.inputArea?.node.querySelector<HTMLElement>(
            '.cm-line, .jp-InputArea-editor'
          ) ??
          activeCell.node);
    this.open(anchor);
  }

  /** Offer the components that there are now. */
  fill(): void {
    const { menu } = this;
    menu.clearItems();
    for (const component of this._options.writing.roles.components) {
      menu.addItem({ command: CommandIDs.assign, args: { component } });
    }
    menu.addItem({ command: CommandIDs.create });
    menu.addItem({ type: 'separator' });
    menu.addItem({ command: CommandIDs.parameters });
    menu.addItem({ command: CommandIDs.skip });
    menu.addItem({ command: CommandIDs.clear });
    menu.addItem({ type: 'separator' });
    menu.addItem({ command: CommandIDs.options });
    menu.addItem({ command: CommandIDs.rename });
  }

  private _focused: HTMLElement | null = null;
  private readonly _options: ComponentMenu.IOptions;
}

export namespace ComponentMenu {
  export interface IOptions {
    commands: CommandRegistry;
    writing: Writing;
    trans: TranslationBundle;
    /** The chip of the active cell. */
    chipOf: (panel: NotebookPanel) => HTMLElement | null;
  }
}
