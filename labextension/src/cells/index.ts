import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import {
  INotebookTools,
  INotebookTracker,
  type NotebookPanel
} from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IPipelines } from '../tokens';
import { CellBars } from './bars';
import { addCommands, CommandIDs } from './commands';
import { CellTool } from './inspector';
import { LOAD } from './line';
import { ComponentMenu } from './menu';
import { STYLES } from './roles';
import { Writing } from './writing';

const ID = 'mdk-jupyter:cells';

/** Says what cells are for: a bar on each, commands, menus, and a form in the Property Inspector. */
export const cellsPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Shows and changes what the cells of a notebook are for.',
  autoStart: true,
  requires: [INotebookTracker, IPipelines],
  optional: [ISettingRegistry, ITranslator, ICommandPalette, INotebookTools],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    pipelines: IPipelines,
    settings: ISettingRegistry | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    tools: INotebookTools | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('mdk_jupyter');
    const writing = new Writing(tracker);
    const bars = new Map<NotebookPanel, CellBars>();
    let showsBars = true;

    const menu = new ComponentMenu({
      commands,
      writing,
      trans,
      chipOf: panel => {
        const cell = panel.content.activeCell;
        return (cell && bars.get(panel)?.chipOf(cell)) ?? null;
      }
    });
    addCommands({ commands, pipelines, writing, menu, trans });

    const addBars = (panel: NotebookPanel) => {
      const pipeline = pipelines.get(panel);
      if (!pipeline || !showsBars || bars.has(panel)) {
        return;
      }
      const added = new CellBars({
        panel,
        pipeline,
        trans,
        choose: anchor => menu.open(anchor),
        edit: () => void commands.execute(CommandIDs.options),
        findings: cell => void commands.execute('mdk:go-to-finding', { cell })
      });
      bars.set(panel, added);
      panel.disposed.connect(() => bars.delete(panel));
    };
    const onSettings = (read: ISettingRegistry.ISettings) => {
      const style = read.get('style').composite;
      writing.style = STYLES.find(known => known === style) ?? null;
      showsBars = read.get('showBars').composite !== false;
      if (!showsBars) {
        bars.forEach(each => each.dispose());
        bars.clear();
      }
      tracker.forEach(addBars);
    };
    tracker.forEach(addBars);
    tracker.widgetAdded.connect((_, panel) => addBars(panel));
    void settings?.load(ID).then(read => {
      onSettings(read);
      read.changed.connect(onSettings);
    });

    writing.loadAdded.connect(() =>
      Notification.info(
        trans.__(
          'Lines with %1 work in this notebook once its new cell %2 has run.',
          '%%component',
          LOAD
        ),
        { autoClose: 10000 }
      )
    );

    const changed = () => commands.notifyCommandChanged();
    tracker.activeCellChanged.connect(changed);
    tracker.selectionChanged.connect(changed);

    app.contextMenu.addItem({
      type: 'submenu',
      submenu: menu.menu,
      selector: '.jp-Notebook .jp-CodeCell',
      rank: 9.5
    });
    // What is clicked is meant, as everywhere in a notebook.
    app.contextMenu.opened.connect(() => {
      const notebook = writing.panel?.content;
      const node = app.contextMenuHitTest(hit =>
        hit.classList.contains('jp-CodeCell')
      );
      const cell = notebook?.widgets.find(each => each.node === node);
      if (notebook && cell && !notebook.isSelectedOrActive(cell)) {
        notebook.deselectAll();
        notebook.activeCellIndex = notebook.widgets.indexOf(cell);
      }
      menu.fill();
    });
    const category = trans.__('MDK');
    for (const command of Object.values(CommandIDs)) {
      palette?.addItem({ command, category });
    }
    tools?.addSection({
      sectionName: ID,
      label: trans.__('Pipeline Component'),
      rank: 20
    });
    tools?.addItem({
      section: ID,
      tool: new CellTool({ commands, pipelines, writing, trans })
    });
  }
};
