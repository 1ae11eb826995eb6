import { spokenBy } from './heeding';
import { readLine } from './line';
import { merged, parted, type Options } from './options';
import {
  EXPLORATION,
  readRole,
  styleOf,
  stylesOf,
  writeRole,
  type ICellText,
  type IRole,
  type Style
} from './roles';

/** A code cell of a notebook. */
export interface ICodeCell extends ICellText {
  readonly id: string;
}

/** A notebook's code cells with what they are for, and what is written when that changes. */
export class Roles {
  /** @param style in which to write; null: the one that each cell has, or else the one that most cells have. */
  constructor(
    readonly cells: readonly ICodeCell[],
    style: Style | null = null
  ) {
    this._style = style;
    this._roles = new Map(cells.map(cell => [cell.id, readRole(cell)]));
  }

  /** The components in the order of the page. */
  get components(): string[] {
    return [
      ...new Set(this.cells.flatMap(cell => this.of(cell.id).component ?? []))
    ];
  }

  of(id: string): IRole {
    return this._roles.get(id) ?? EXPLORATION;
  }

  cellsOf(component: string): ICodeCell[] {
    return this.cells.filter(cell => this.of(cell.id).component === component);
  }

  /** What all cells of a component say together. */
  optionsOf(component: string): Options {
    const all = this.cellsOf(component).map(cell => this.of(cell.id).options);
    return all.reduce(merged, {});
  }

  /**
   * Give these cells another role. The options of a component stay with its other cells; where none is left, they
   * go along to a component that is new.
   */
  assign(ids: readonly string[], role: Omit<IRole, 'options'>): ICodeCell[] {
    const roles = new Map<string, IRole>();
    const chosen = new Set(ids);
    const isNew =
      role.component !== null && this.cellsOf(role.component).length === 0;
    let brought: Options = {};
    for (const id of ids) {
      roles.set(id, { ...role, options: {} });
    }
    const left = new Set(ids.flatMap(id => this.of(id).component ?? []));
    for (const component of left) {
      if (component === role.component) {
        ids
          .filter(id => this.of(id).component === component)
          .forEach(id => roles.set(id, this.of(id)));
        continue;
      }
      const members = this.cellsOf(component);
      const heir = members.find(cell => !chosen.has(cell.id));
      const given = members
        .filter(cell => chosen.has(cell.id))
        .map(cell => this.of(cell.id).options)
        .reduce(merged, {});
      if (heir) {
        const own = this.of(heir.id);
        roles.set(heir.id, { ...own, options: merged(own.options, given) });
      } else if (isNew) {
        brought = merged(brought, given);
      }
    }
    if (ids.length > 0 && isNew) {
      const [first] = this.cells.filter(cell => chosen.has(cell.id));
      roles.set(first.id, { ...role, options: brought });
    }
    return this._written(roles);
  }

  /** Give a component another name, also where others run after it. */
  rename(component: string, name: string): ICodeCell[] {
    const roles = new Map<string, IRole>();
    for (const { id } of this.cells) {
      const role = this.of(id);
      const after = role.options.after?.map(other =>
        other === component ? name : other
      );
      const isMember = role.component === component;
      if (isMember || role.options.after?.includes(component)) {
        roles.set(id, {
          ...role,
          component: isMember ? name : role.component,
          options: after ? { ...role.options, after } : role.options
        });
      }
    }
    return this._written(roles);
  }

  /**
   * Set options of a component; an empty one is taken away. Each stands in one cell, but what the notebook must obey
   * in all, even where it has been set before and stands elsewhere.
   */
  setOptions(component: string, options: Options): ICodeCell[] {
    const before = this.optionsOf(component);
    const changed = Object.keys(options).filter(
      word => (before[word] ?? []).join('\n') !== options[word].join('\n')
    );
    const members = this.cellsOf(component);
    const roles = new Map(members.map(cell => [cell.id, this.of(cell.id)]));
    for (const word of changed) {
      const place =
        members.find(cell => this.of(cell.id).options[word]) ?? members[0];
      for (const [id, role] of roles) {
        const rest = { ...role.options };
        delete rest[word];
        const own =
          place?.id === id ? { ...rest, [word]: options[word] } : rest;
        roles.set(id, { ...role, options: own });
      }
    }
    return this._written(roles);
  }

  /** The cells that these roles change, with what the component of each must say in its first line. */
  private _written(changed: Map<string, IRole>): ICodeCell[] {
    const roles = new Map([...this._roles, ...changed]);
    const wholes = together(roles.values());
    const spoken = spokenBy(wholes);
    const before = spokenBy(together(this._roles.values()));
    const usual = this._style ?? styleOf(this.cells);
    const met = new Set<string | null>();
    return this.cells.flatMap(cell => {
      const old = this.of(cell.id);
      const role = roles.get(cell.id)!;
      const { component } = role;
      const words = spoken.get(component) ?? [];
      const said = before.get(old.component) ?? [];
      const isFirst = !met.has(component);
      met.add(component);
      const whole = wholes.get(component) ?? {};
      const line = readLine(cell.source)?.options ?? {};
      const isSaid =
        !changed.has(cell.id) ||
        words.every(word => isSame(line[word] ?? [], whole[word]));
      if (isSaid && isSame(role, old) && isSame(words, said)) {
        return [];
      }
      // What each cell had to say is said by the first alone, where that is enough now.
      const once = before.get(component) ?? [];
      const options = {
        ...parted(role.options, once)[1],
        ...(isFirst ? parted(whole, once)[0] : {}),
        ...parted(whole, words)[0]
      };
      const own = old.kind === 'component' ? stylesOf(cell)[0] : null;
      const style = this._style ?? own ?? usual;
      const next = writeRole(cell, { ...role, options }, style, words);
      return [{ id: cell.id, ...next }];
    });
  }

  private readonly _roles: Map<string, IRole>;
  private readonly _style: Style | null;
}

/** What the cells of each component say together. */
function together(roles: Iterable<IRole>): Map<string | null, Options> {
  const all = new Map<string | null, Options>();
  for (const { component, options } of roles) {
    if (component !== null) {
      all.set(component, merged(all.get(component) ?? {}, options));
    }
  }
  return all;
}

function isSame<T extends IRole | readonly string[]>(
  one: T,
  other: T
): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
