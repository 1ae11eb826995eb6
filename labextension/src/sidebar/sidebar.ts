import { SidePanel } from '@jupyterlab/ui-components';
import type { AccordionPanel, Widget } from '@lumino/widgets';

import type { ISidebar } from '../tokens';

/** A side panel of collapsible sections, in the order of their ranks. */
export class Sidebar extends SidePanel implements ISidebar {
  constructor(activate: () => void) {
    super();
    this._activate = activate;
    this.addClass('jp-mdk-Sidebar');
  }

  addSection(widget: Widget, rank: number): void {
    const place = this._ranks.filter(other => other <= rank).length;
    this._ranks.splice(place, 0, rank);
    this.insertWidget(place, widget);
    // Else each new section takes half of what the others have.
    (this.content as AccordionPanel).setRelativeSizes(this._ranks.map(() => 1));
  }

  reveal(section?: Widget | string): void {
    this._activate();
    const place = this.widgets.findIndex(
      widget => widget === section || widget.id === section
    );
    if (place >= 0) {
      (this.content as AccordionPanel).expand(place);
    }
  }

  private _activate: () => void;
  private _ranks: number[] = [];
}
