import { Widget } from '@lumino/widgets';

/** What a bar says about its cell. */
export interface IBarState {
  /** Of the chip; null for a cell without a role, which has findings alone. */
  name: string | null;
  /** CSS colour; null for other roles than components. */
  colour: string | null;
  /** What a click on the chip does. */
  title: string;
  options: string;
  errors: number;
  warnings: number;
  /** The findings, to be read. */
  findings: string;
}

/** The line above a code cell: its component, the options in short, and what is wrong. */
export class CellBar extends Widget {
  /** @param host the node of the cell, which gets the colour */
  constructor(host: HTMLElement, actions: CellBar.IActions) {
    super({ node: document.createElement('div') });
    this._host = host;
    this.addClass('jp-mdk-CellBar');
    this.chip = button('jp-mdk-Chip', () => actions.choose(this.chip));
    this.chip.setAttribute('aria-haspopup', 'menu');
    this._options = button('jp-mdk-CellBar-options', actions.edit);
    this._findings = button('jp-mdk-CellBar-findings', actions.findings);
    this.node.append(this.chip, this._options, this._findings);
  }

  readonly chip: HTMLButtonElement;

  /** Show this; nothing is touched where it is shown already. */
  display(state: IBarState): void {
    const key = JSON.stringify(state);
    if (key === this._key) {
      return;
    }
    this._key = key;
    this.chip.replaceChildren(state.name ?? '');
    if (state.colour !== null) {
      const dot = document.createElement('span');
      dot.className = 'jp-mdk-Dot';
      this.chip.prepend(dot);
    }
    this.chip.hidden = state.name === null;
    this.chip.title = state.title;
    this._options.textContent = state.options;
    this._options.hidden = state.options === '';
    this._options.title = state.options;
    const { errors, warnings } = state;
    this._findings.hidden = errors + warnings === 0;
    this._findings.classList.toggle('jp-mod-error', errors > 0);
    this._findings.textContent = String(errors + warnings);
    this._findings.title = state.findings;
    this._findings.setAttribute('aria-label', state.findings);
    this.toggleClass('jp-mod-bare', state.name === null);
    this.toggleClass('jp-mod-role', state.colour === null);
    this.toggleClass('jp-mod-component', state.colour !== null);
    this._host.style.setProperty('--jp-mdk-colour', state.colour ?? '');
  }

  /** Whether the Tab key stops here: at the active cell alone. */
  set reachable(yes: boolean) {
    for (const each of [this.chip, this._options, this._findings]) {
      each.tabIndex = yes ? 0 : -1;
    }
  }

  private readonly _findings: HTMLButtonElement;
  private readonly _host: HTMLElement;
  private _key = '';
  private readonly _options: HTMLButtonElement;
}

export namespace CellBar {
  export interface IActions {
    /** Open the menu of roles below this. */
    choose: (anchor: HTMLElement) => void;
    edit: () => void;
    findings: () => void;
  }
}

function button(name: string, act: () => void): HTMLButtonElement {
  const node = document.createElement('button');
  node.type = 'button';
  node.className = name;
  node.tabIndex = -1;
  node.addEventListener('click', event => {
    event.stopPropagation();
    act();
  });
  // The notebook would select cells, or take the focus away.
  node.addEventListener('mousedown', event => event.stopPropagation());
  return node;
}
