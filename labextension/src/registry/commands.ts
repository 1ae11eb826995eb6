import type { JupyterFrontEnd } from '@jupyterlab/application';
import {
  type MainAreaWidget,
  Notification,
  type WidgetTracker
} from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import type { ServingEnvironment } from '../types';
import type { IRegistryAPI } from './api';
import { ApprovalDraft } from './dialogs/approval';
import { ChallengersDraft } from './dialogs/challengers';
import { schema, text } from './arguments';
import { nextAfter } from './environments';
import type { RegistryFeed } from './feed';
import type { ModelPage } from './page/page';
import type { OperationDraft } from './dialogs/operation';
import { PromotionDraft } from './dialogs/promotion';
import { AnnotationDraft, StatusDraft } from './dialogs/remarks';
import { RollbackDraft } from './dialogs/rollback';
import type { ISurroundings } from './surroundings';

export namespace CommandIDs {
  export const search = 'mdk:search-registry';
  export const refresh = 'mdk:refresh-registry';
  export const open = 'mdk:open-model';
  export const compare = 'mdk:compare-versions';
  export const promote = 'mdk:promote-version';
  export const rollBack = 'mdk:roll-back-model';
  export const challenge = 'mdk:set-challengers';
  export const approve = 'mdk:approve-version';
  export const annotate = 'mdk:annotate-version';
  export const quarantine = 'mdk:quarantine-version';
  export const release = 'mdk:release-version';
  export const archive = 'mdk:archive-version';
}

/** What commands on models are carried out on. */
export interface IDesk {
  app: JupyterFrontEnd;
  feed: RegistryFeed;
  pages: WidgetTracker<MainAreaWidget<ModelPage>>;
  surroundings: ISurroundings;
  /** The registry of the project around a path; that of the sidebar without one. */
  apiFor: (path?: string) => IRegistryAPI;
}

/** What was done, and where to go on. */
interface IDone {
  message: string;
  link: string | null;
}

interface IWanted {
  api: IRegistryAPI;
  model: string;
  version?: string;
}

/** What a command is about: its arguments, else what was pointed at, else the page in front. */
export function wanted(
  desk: IDesk,
  args: ReadonlyPartialJSONObject
): IWanted | undefined {
  const api = desk.apiFor(text(args, 'path'));
  const model = text(args, 'model');
  if (model) {
    return { api, model, version: text(args, 'version') };
  }
  const pointed = desk.app.contextMenuHitTest(node => !!node.dataset.mdkModel);
  const page = desk.pages.currentWidget?.content.record;
  if (pointed?.isConnected && args.isPointed) {
    return {
      api: pointed.closest('.jp-mdk-ModelPage') && page ? page.api : api,
      model: pointed.dataset.mdkModel!,
      version: pointed.dataset.mdkVersion
    };
  }
  return (
    page && {
      api: page.api,
      model: page.name,
      version: page.selected ?? undefined
    }
  );
}

/** Add the commands that change something: each shows first what it would do. */
export function addChanges(desk: IDesk): void {
  const { app, feed, surroundings } = desk;
  const { trans } = surroundings;
  const add = (
    id: string,
    options: Pick<CommandRegistry.ICommandOptions, 'label' | 'caption'>,
    describedBy: ReadonlyJSONObject,
    show: (
      target: IWanted & { version: string },
      args: ReadonlyPartialJSONObject,
      /** The version that was asked for; undefined where it is just the newest. */
      named?: string
    ) => Promise<string | IDone | null>
  ) => {
    app.commands.addCommand(id, {
      ...options,
      describedBy: { args: describedBy },
      isEnabled: args => wanted(desk, args) !== undefined,
      execute: async args => {
        const target = wanted(desk, args);
        if (!target) {
          return;
        }
        const version = target.version ?? (await newest(target));
        const done = await show({ ...target, version }, args, target.version);
        if (done !== null) {
          tell(done);
          await feed.refresh();
        }
      }
    });
  };
  const tell = (done: string | IDone) => {
    if (typeof done === 'string') {
      Notification.success(done, { autoClose: 5000 });
      return;
    }
    const { message, link } = done;
    const open = {
      label: trans.__('Open'),
      callback: () => void window.open(link ?? '', '_blank', 'noopener')
    };
    Notification.success(message, {
      autoClose: false,
      actions: link ? [open] : []
    });
  };
  const onVersion = schema(['model', 'version'], ['path']);

  add(
    CommandIDs.promote,
    {
      label: trans.__('Promote Version…'),
      caption: trans.__('Make a version the champion of an environment')
    },
    schema(['model', 'version'], ['environment', 'path']),
    async ({ api, model, version }, args) => {
      const { environments, next } = await way(api, model, version);
      const to = text(args, 'environment') ?? next;
      const draft = new PromotionDraft(api, model, version, environments, to);
      const { showPromotion } = await import('./dialogs/promotion_dialog');
      const isDone = await showPromotion(draft, surroundings);
      return isDone ? promoted(draft) : null;
    }
  );
  const promoted = (draft: PromotionDraft): string | IDone => {
    const { model, number, environment } = draft;
    if (draft.onlyStage) {
      return trans.__('%1 %2 is staged in %3', model, number, environment);
    }
    return draft.isProtected
      ? proposed(draft)
      : trans.__('%1 %2 is the champion of %3', model, number, environment);
  };
  const proposed = ({ operation }: OperationDraft): IDone => {
    const { branch, next_steps, pull_request } = operation!;
    const link = pull_request?.url ?? null;
    const message = link
      ? trans.__('The pull request for %1 is open', branch)
      : trans.__(
          'The branch %1 has the change. Next: %2',
          branch,
          next_steps.join('; ')
        );
    return { message, link };
  };

  add(
    CommandIDs.rollBack,
    {
      label: trans.__('Roll Model Back…'),
      caption: trans.__('Make a past champion the champion again')
    },
    schema(['model'], ['environment', 'to', 'path']),
    async ({ api, model }, args) => {
      const { environments, last } = await way(api, model);
      const where = text(args, 'environment') ?? last;
      const to = text(args, 'to') ?? null;
      const draft = new RollbackDraft(api, model, environments, where, to);
      const { showRollback } = await import('./dialogs/rollback_dialog');
      if (!(await showRollback(draft, surroundings))) {
        return null;
      }
      return draft.isProtected
        ? proposed(draft)
        : trans.__(
            '%1 is back at %2 in %3',
            model,
            draft.to,
            draft.environment
          );
    }
  );
  add(
    CommandIDs.challenge,
    {
      label: trans.__('Challengers…'),
      caption: trans.__('Give versions a share of the traffic')
    },
    schema(['model'], ['version', 'environment', 'path']),
    async ({ api, model }, args, named) => {
      const { environments, last } = await way(api, model);
      const where = text(args, 'environment') ?? last;
      const first = named ?? null;
      const draft = new ChallengersDraft(
        api,
        model,
        environments,
        where,
        first
      );
      const { showChallengers } = await import('./dialogs/challengers_dialog');
      if (!(await showChallengers(draft, surroundings))) {
        return null;
      }
      return draft.isProtected
        ? proposed(draft)
        : trans.__(
            'The challengers of %1 in %2 are set',
            model,
            draft.environment
          );
    }
  );
  add(
    CommandIDs.approve,
    {
      label: trans.__('Approve Version…'),
      caption: trans.__('Agree that a version may become champion')
    },
    schema(['model', 'version'], ['environment', 'path']),
    async ({ api, model, version }, args) => {
      const { environments, next } = await way(api, model, version);
      const to = text(args, 'environment') ?? next;
      const draft = new ApprovalDraft(
        api,
        model,
        version,
        environments.map(one => one.name),
        to
      );
      const { showApproval } = await import('./dialogs/small_dialogs');
      const isDone = await showApproval(draft, surroundings);
      return isDone
        ? trans.__(
            '%1 %2 is approved for %3',
            model,
            version,
            draft.environment
          )
        : null;
    }
  );
  add(
    CommandIDs.annotate,
    {
      label: trans.__('Annotate Version…'),
      caption: trans.__('Note something on a version, and change its labels')
    },
    onVersion,
    async ({ api, model, version }) => {
      const draft = new AnnotationDraft(api, model, version);
      const { showAnnotation } = await import('./dialogs/small_dialogs');
      const isDone = await showAnnotation(draft, surroundings);
      return isDone ? trans.__('%1 %2 is annotated', model, version) : null;
    }
  );
  add(
    CommandIDs.quarantine,
    {
      label: trans.__('Quarantine Version…'),
      caption: trans.__('Keep a version from becoming champion')
    },
    onVersion,
    async ({ api, model, version }) => {
      const draft = new StatusDraft(api, model, version, 'quarantine');
      const { showStatus } = await import('./dialogs/small_dialogs');
      const isDone = await showStatus(draft, surroundings);
      return isDone ? trans.__('%1 %2 is in quarantine', model, version) : null;
    }
  );
  add(
    CommandIDs.release,
    {
      label: trans.__('Release Version…'),
      caption: trans.__('Let a version out of quarantine')
    },
    onVersion,
    async ({ api, model, version }) => {
      const draft = new StatusDraft(api, model, version, 'unquarantine');
      const { showStatus } = await import('./dialogs/small_dialogs');
      const isDone = await showStatus(draft, surroundings);
      return isDone ? trans.__('%1 %2 is released', model, version) : null;
    }
  );
  add(
    CommandIDs.archive,
    {
      label: trans.__('Archive Version…'),
      caption: trans.__('Put a version away for ever')
    },
    onVersion,
    async ({ api, model, version }) => {
      const draft = new StatusDraft(api, model, version, 'archive');
      const { showStatus } = await import('./dialogs/small_dialogs');
      const isDone = await showStatus(draft, surroundings);
      return isDone ? trans.__('%1 %2 is archived', model, version) : null;
    }
  );
}

async function newest({ api, model }: IWanted): Promise<string> {
  return (await api.model(model)).newest ?? '';
}

/** The environments of a registry: the one that a version would go to next, and the last one with a champion. */
async function way(
  api: IRegistryAPI,
  model: string,
  version?: string
): Promise<{ environments: ServingEnvironment[]; next: string; last: string }> {
  const [about, deployments] = await Promise.all([
    api.about(),
    api.deployments(model)
  ]);
  const { environments } = about.registry;
  const champions = new Map(
    deployments.map(one => [one.environment, one.champion])
  );
  const names = environments.map(one => one.name);
  const places = Object.fromEntries(
    names
      .filter(name => version && champions.get(name) === version)
      .map(name => [name, 'champion'])
  );
  const served = names.filter(name => champions.get(name));
  return {
    environments,
    next: nextAfter(places, names),
    last: served.at(-1) ?? names[0]
  };
}
