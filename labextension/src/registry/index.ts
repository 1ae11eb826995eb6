import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  MainAreaWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IMDKClient, IPipelines, IRegistryModel, ISidebar } from '../tokens';
import { RegistryAPI } from './api';
import { addChanges, CommandIDs, type IDesk } from './commands';
import { RegistryFeed } from './feed';
import { Finder } from './finder';
import type { ModelPage } from './page/page';
import { addViews } from './pages';
import { RegistrySection } from './section';

const ID = 'mdk-jupyter:registry';
const RANK = 30; // below the pipeline and its runs
const SECONDS = 30; // between two questions where no event tells

/** The section Registry, the pages of models, and the dialogs that change where versions serve. */
export const registryPlugin: JupyterFrontEndPlugin<IRegistryModel> = {
  id: ID,
  description: 'Finds, shows, promotes and rolls back models of the registry.',
  autoStart: true,
  provides: IRegistryModel,
  requires: [IMDKClient, IRenderMimeRegistry, ISidebar],
  optional: [
    ITranslator,
    ICommandPalette,
    ILayoutRestorer,
    ISettingRegistry,
    IPipelines,
    IDefaultFileBrowser
  ],
  activate: (
    app: JupyterFrontEnd,
    client: IMDKClient,
    rendermime: IRenderMimeRegistry,
    sidebar: ISidebar,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null,
    pipelines: IPipelines | null,
    browser: IDefaultFileBrowser | null
  ): IRegistryModel => {
    const trans = (translator ?? nullTranslator).load('mdk_jupyter');
    const surroundings = { trans, commands: app.commands, rendermime };
    const feed = new RegistryFeed(
      new RegistryAPI(client, ''),
      app.serviceManager.events.stream,
      SECONDS
    );
    const finder = new Finder(feed);
    const section = new RegistrySection(finder, surroundings);
    sidebar.addSection(section, RANK);

    const follow = () => {
      const path = pipelines?.current?.path ?? browser?.model.path ?? '';
      if (path !== feed.api.path) {
        feed.api = new RegistryAPI(client, path);
      }
    };
    pipelines?.currentChanged.connect(follow, section);
    browser?.model.pathChanged.connect(follow, section);
    void settings?.load(ID).then(loaded => {
      const apply = () => {
        feed.seconds = loaded.composite.pollSeconds as number;
      };
      apply();
      loaded.changed.connect(apply, section);
    });

    const pages = new WidgetTracker<MainAreaWidget<ModelPage>>({
      namespace: 'mdk-models'
    });
    const desk: IDesk = {
      app,
      feed,
      pages,
      surroundings,
      apiFor: path =>
        path === undefined ? feed.api : new RegistryAPI(client, path)
    };
    addViews(desk);
    addChanges(desk);
    app.commands.addCommand(CommandIDs.search, {
      label: trans.__('Search Registry'),
      caption: trans.__('Look for models and versions in the registry'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            text: { type: 'string', description: trans.__('What to look for') }
          }
        }
      },
      execute: args => {
        sidebar.reveal(section);
        if (typeof args.text === 'string') {
          finder.search(args.text);
        }
        return section.focusSearch();
      }
    });
    app.commands.addCommand(CommandIDs.refresh, {
      label: trans.__('Refresh Registry'),
      caption: trans.__('Ask the registry again for what is shown'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => feed.refresh()
    });
    for (const command of Object.values(CommandIDs)) {
      palette?.addItem({ command, category: trans.__('MDK') });
    }
    void restorer?.restore(pages, {
      command: CommandIDs.open,
      name: page => page.id,
      args: ({ content: { record } }) => ({
        model: record.name,
        path: record.api.path,
        view: record.view,
        ...(record.selected ? { version: record.selected } : {})
      })
    });
    return finder;
  }
};
