import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IMDKClient, IPipelines } from '../tokens';
import { addCommands, CommandIDs } from './commands';
import { Marks } from './marks';
import { FindingsStatus } from './status';

const ID = 'mdk-jupyter:findings';

/** Shows what is wrong with a pipeline: marks, a count, and a list. */
export const findingsPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Marks what is wrong with the pipeline of a notebook.',
  autoStart: true,
  requires: [IMDKClient, INotebookTracker, IPipelines],
  optional: [
    IStatusBar,
    ISettingRegistry,
    ITranslator,
    ICommandPalette,
    IDocumentManager
  ],
  activate: (
    app: JupyterFrontEnd,
    client: IMDKClient,
    tracker: INotebookTracker,
    pipelines: IPipelines,
    statusBar: IStatusBar | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    documents: IDocumentManager | null
  ): void => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load('mdk_jupyter');
    const marks = new Map<NotebookPanel, Marks>();
    let marksAre = true;

    const status =
      statusBar &&
      new FindingsStatus(pipelines, trans, () => {
        void commands.execute(CommandIDs.show);
      });
    if (status) {
      statusBar.registerStatusItem(ID, {
        item: status,
        align: 'right',
        rank: 900,
        isActive: () => status.isShown,
        activeStateChanged: status.shownChanged
      });
    }

    addCommands({
      commands,
      client,
      pipelines,
      trans,
      anchor: () => status,
      open: async path => {
        const panel = documents?.openOrReveal(path) as
          NotebookPanel | undefined;
        await panel?.context.ready;
        return panel ? pipelines.get(panel) : null;
      }
    });

    const add = (panel: NotebookPanel) => {
      const pipeline = pipelines.get(panel);
      if (pipeline && marksAre && !marks.has(panel)) {
        marks.set(panel, new Marks(pipeline));
        panel.disposed.connect(() => marks.delete(panel));
      }
    };
    const onSettings = (read: ISettingRegistry.ISettings) => {
      marksAre = read.get('marks').composite !== false;
      if (!marksAre) {
        marks.forEach(each => each.dispose());
        marks.clear();
      }
      tracker.forEach(add);
    };
    tracker.forEach(add);
    tracker.widgetAdded.connect((_, panel) => add(panel));
    void settings?.load(ID).then(read => {
      onSettings(read);
      read.changed.connect(onSettings);
    });

    const category = trans.__('MDK');
    for (const command of Object.values(CommandIDs)) {
      palette?.addItem({ command, category });
    }
  }
};
