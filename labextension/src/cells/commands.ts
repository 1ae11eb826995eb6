import { InputDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import { colourClass } from '../colours';
import { mdkIcon } from '../icons';
import type { IPipelines } from '../tokens';
import type { ComponentMenu } from './menu';
import type { Options } from './options';
import { isKale, NAME, type IRole } from './roles';
import type { Writing } from './writing';

export namespace CommandIDs {
  export const assign = 'mdk:assign-component';
  export const create = 'mdk:new-component';
  export const rename = 'mdk:rename-component';
  export const clear = 'mdk:clear-component';
  export const parameters = 'mdk:mark-parameters';
  export const skip = 'mdk:mark-skip';
  export const options = 'mdk:edit-options';
  export const choose = 'mdk:choose-component';
}

export interface ICommandOptions {
  commands: CommandRegistry;
  pipelines: IPipelines;
  writing: Writing;
  menu: ComponentMenu;
  trans: TranslationBundle;
}

/** Add the commands that say what cells are for. They work on the selected cells of the notebook in front. */
export function addCommands(options: ICommandOptions): void {
  const { commands, menu, pipelines, trans, writing } = options;

  const cells = {
    type: 'array',
    items: { type: 'string' },
    description: trans.__('Ids of cells; without it the selected ones')
  } as const;
  const component = {
    type: 'string',
    description: trans.__('Name of a component')
  } as const;
  const takes = (properties: ReadonlyJSONObject) => ({
    args: { type: 'object', properties } as const
  });

  const idsIn = (args: ReadonlyPartialJSONObject) =>
    writing.chosen(args.cells as string[] | undefined);
  const isEnabled = () =>
    writing.isReady &&
    writing.chosen().length > 0 &&
    !isKale(writing.roles.cells);
  const kindOf = () => {
    const [id] = writing.chosen();
    return id === undefined ? null : writing.roles.of(id);
  };
  const assign = (
    ids: string[],
    kind: IRole['kind'],
    name: string | null = null
  ) => writing.write(writing.roles.assign(ids, { kind, component: name }));

  const checked = (name: string) => {
    if (!NAME.test(name)) {
      throw new Error(
        trans.__(
          '“%1” cannot be the name of a component: letters, digits, - and _, beginning with a letter',
          name
        )
      );
    }
    return name;
  };

  const askName = async (
    title: string,
    given: unknown,
    text = ''
  ): Promise<string | null> => {
    let name = typeof given === 'string' ? given : null;
    if (name === null) {
      const answer = await InputDialog.getText({
        title,
        label: trans.__('Name'),
        text,
        pattern: NAME.source.slice(1, -1),
        required: true
      });
      name = answer.button.accept ? answer.value : null;
    }
    return name === null ? null : checked(name);
  };

  commands.addCommand(CommandIDs.assign, {
    label: args =>
      (args.component as string) ?? trans.__('Assign Cells to Component…'),
    caption: trans.__('Make the selected cells part of a component'),
    iconClass: args =>
      typeof args.component === 'string'
        ? colourClass(pipelines.current?.colourOf(args.component) ?? 0)
        : '',
    describedBy: takes({ component, cells }),
    isEnabled,
    isToggleable: true,
    isToggled: args =>
      args.component !== undefined && kindOf()?.component === args.component,
    execute: args => {
      if (typeof args.component !== 'string') {
        return commands.execute(CommandIDs.choose);
      }
      assign(idsIn(args), 'component', checked(args.component));
    }
  });

  commands.addCommand(CommandIDs.create, {
    label: trans.__('New Component…'),
    caption: trans.__('Make a new component of the selected cells'),
    describedBy: takes({ component, cells }),
    isEnabled,
    execute: async args => {
      const ids = idsIn(args);
      const name = await askName(trans.__('New component'), args.component);
      if (name !== null) {
        assign(ids, 'component', name);
      }
    }
  });

  commands.addCommand(CommandIDs.rename, {
    label: trans.__('Rename Component…'),
    caption: trans.__('Rename a component in all its cells'),
    describedBy: takes({ component, name: component }),
    isEnabled: () => isEnabled() && kindOf()?.component !== null,
    execute: async args => {
      const before = (args.component as string) ?? kindOf()?.component;
      if (before) {
        const title = trans.__('Rename component %1', before);
        const name = await askName(title, args.name, before);
        if (name !== null) {
          writing.write(writing.roles.rename(before, name));
        }
      }
    }
  });

  commands.addCommand(CommandIDs.clear, {
    label: trans.__('No Component'),
    caption: trans.__(
      'Take the selected cells out of the pipeline; what they define is carried where it is used'
    ),
    describedBy: takes({ cells }),
    isEnabled,
    isToggleable: true,
    isToggled: () => kindOf()?.kind === 'exploration',
    execute: args => assign(idsIn(args), 'exploration')
  });

  commands.addCommand(CommandIDs.parameters, {
    label: trans.__('Parameters'),
    caption: trans.__(
      'Each assignment of the cell is a parameter of the pipeline'
    ),
    describedBy: takes({ cells }),
    isEnabled,
    isToggleable: true,
    isToggled: () => kindOf()?.kind === 'parameters',
    // There is one parameters cell.
    execute: args => assign(idsIn(args).slice(0, 1), 'parameters')
  });

  commands.addCommand(CommandIDs.skip, {
    label: trans.__('Skip'),
    caption: trans.__('The selected cells are never part of the pipeline'),
    describedBy: takes({ cells }),
    isEnabled,
    isToggleable: true,
    isToggled: () => kindOf()?.kind === 'skip',
    execute: args => assign(idsIn(args), 'skip')
  });

  commands.addCommand(CommandIDs.options, {
    label: trans.__('Component Options…'),
    caption: trans.__('Resources, order, retries and more of a component'),
    describedBy: takes({
      component,
      options: {
        type: 'object',
        description: trans.__('Values by option; without it a form asks'),
        additionalProperties: { type: 'array', items: { type: 'string' } }
      }
    }),
    isEnabled: () => isEnabled() && kindOf()?.component !== null,
    execute: async args => {
      const name = (args.component as string) ?? kindOf()?.component;
      if (!name) {
        return;
      }
      const { askOptions } = await import('./dialog');
      const given =
        (args.options as Options | undefined) ??
        (await askOptions(name, writing.roles, trans));
      if (given) {
        writing.write(writing.roles.setOptions(name, given));
      }
    }
  });

  commands.addCommand(CommandIDs.choose, {
    label: trans.__('Choose Component…'),
    caption: trans.__('What the selected cells are for in the pipeline'),
    icon: args => (args.toolbar ? mdkIcon : undefined),
    describedBy: takes({
      toolbar: {
        type: 'boolean',
        description: trans.__('Whether it is a button of a toolbar')
      }
    }),
    isEnabled: () => writing.isReady && writing.chosen().length > 0,
    execute: () => menu.openAtCell()
  });
}
