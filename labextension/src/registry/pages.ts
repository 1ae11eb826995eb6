import { InputDialog, MainAreaWidget } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { mdkIcon } from '../icons';
import { present } from '../presenting';
import type { IRegistryAPI } from './api';
import { schema, text } from './arguments';
import { CommandIDs, type IDesk, wanted } from './commands';
import type { ModelPage } from './page/page';
import { ModelRecord, type View, VIEWS } from './record';

/** Add the commands that show something. */
export function addViews(desk: IDesk): void {
  const { app, surroundings } = desk;
  const { trans } = surroundings;
  app.commands.addCommand(CommandIDs.open, {
    label: trans.__('Open Model'),
    caption: trans.__('Show a model of the registry'),
    icon: mdkIcon,
    describedBy: { args: schema(['model'], ['version', 'view', 'path']) },
    execute: async args => {
      const target = wanted(desk, args);
      const model = target?.model ?? (await asked(desk));
      if (model) {
        const api = desk.apiFor(text(args, 'path'));
        const version = args.isPointed ? target?.version : undefined;
        const shown = text(args, 'version') ?? version;
        await openPage(desk, api, model, shown, viewOf(args));
      }
    }
  });
  app.commands.addCommand(CommandIDs.compare, {
    label: trans.__('Compare Versions'),
    caption: trans.__('Show in what two versions of a model differ'),
    describedBy: {
      args: schema(['model', 'version'], ['other', 'path'])
    },
    isEnabled: args => wanted(desk, args) !== undefined,
    execute: async args => {
      const target = wanted(desk, args);
      if (target) {
        const { api, model, version } = target;
        const record = await openPage(desk, api, model, version, 'compare');
        const other = text(args, 'other');
        if (other) {
          record.compareWith(other);
        }
      }
    }
  });
}

async function openPage(
  desk: IDesk,
  api: IRegistryAPI,
  model: string,
  version?: string,
  view?: View
): Promise<ModelRecord> {
  const { app, pages } = desk;
  const id = `mdk-jupyter:model:${api.path}:${model}`;
  const found = pages.find(one => one.id === id);
  const page = found ?? (await newPage(desk, api, model, id));
  if (!found) {
    await pages.add(page);
  }
  present(app, page);
  const { record } = page.content;
  if (view) {
    record.view = view;
  }
  if (version) {
    void record.select(version);
  }
  return record;
}

async function newPage(
  desk: IDesk,
  api: IRegistryAPI,
  model: string,
  id: string
): Promise<MainAreaWidget<ModelPage>> {
  const { feed, pages, surroundings } = desk;
  const { ModelPage } = await import('./page/page');
  const record = new ModelRecord(api, feed, model);
  const page = new MainAreaWidget({
    content: new ModelPage(record, surroundings)
  });
  page.toolbar.hide();
  const { trans } = surroundings;
  // Of its own, since the area gives all content the same.
  page.content.node.setAttribute('aria-label', trans.__('Model %1', model));
  page.id = id;
  page.title.label = model;
  page.title.icon = mdkIcon;
  page.title.caption = trans.__('Model %1', model);
  page.title.closable = true;
  let kept = '';
  record.stateChanged.connect(() => {
    const looked = `${record.selected} ${record.view}`;
    if (looked !== kept) {
      kept = looked;
      void pages.save(page);
    }
  }, record);
  void record.refresh();
  return page;
}

function viewOf(args: ReadonlyPartialJSONObject): View | undefined {
  return VIEWS.find(view => view === args.view);
}

async function asked({ surroundings }: IDesk): Promise<string | null> {
  const { trans } = surroundings;
  const answer = await InputDialog.getText({
    title: trans.__('Open model'),
    label: trans.__('Name'),
    okLabel: trans.__('Open')
  });
  return answer.value;
}
