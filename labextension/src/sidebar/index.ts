import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { mdkIcon } from '../icons';
import { ISidebar } from '../tokens';
import { Sidebar } from './sidebar';

namespace CommandIDs {
  export const show = 'mdk:show-sidebar';
}

/** The panel on the left, to which other plugins add sections. */
export const sidebarPlugin: JupyterFrontEndPlugin<ISidebar> = {
  id: 'mdk-jupyter:sidebar',
  description: 'The sidebar with pipeline, runs and registry.',
  autoStart: true,
  provides: ISidebar,
  optional: [ILabShell, ILayoutRestorer, ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ): ISidebar => {
    const trans = (translator ?? nullTranslator).load('mdk_jupyter');
    const panel = new Sidebar(() => app.shell.activateById(panel.id));
    panel.id = 'mdk-jupyter:sidebar';
    panel.title.icon = mdkIcon;
    panel.title.caption = trans.__('MDK: pipeline, runs and registry');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', trans.__('MDK'));
    app.shell.add(panel, 'left', { rank: 350, type: 'MDK' });
    restorer?.add(panel, panel.id);
    app.commands.addCommand(CommandIDs.show, {
      label: trans.__('Show Pipeline, Runs and Registry'),
      caption: trans.__('Show the MDK sidebar'),
      icon: mdkIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => panel.reveal()
    });
    palette?.addItem({ command: CommandIDs.show, category: trans.__('MDK') });
    return panel;
  }
};
