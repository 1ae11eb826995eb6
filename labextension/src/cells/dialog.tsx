import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Roles } from './edits';
import { OptionsForm } from './form';
import type { Options } from './options';

/** Ask for the options of a component; null when nothing is to change. */
export async function askOptions(
  component: string,
  roles: Roles,
  trans: TranslationBundle
): Promise<Options | null> {
  const others = roles.components.filter(name => name !== component);
  const body = new OptionsBody(roles.optionsOf(component), others, trans);
  const { button, value } = await showDialog({
    title: trans.__('Options of %1', component),
    body,
    focusNodeSelector: 'input',
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Apply') })
    ]
  });
  return button.accept ? value : null;
}

class OptionsBody extends ReactWidget implements Dialog.IBodyWidget<Options> {
  constructor(
    private readonly _options: Options,
    private readonly _components: readonly string[],
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mdk-OptionsDialog');
  }

  getValue(): Options {
    return this._changed;
  }

  protected render(): JSX.Element {
    return (
      <OptionsForm
        live
        options={this._options}
        components={this._components}
        trans={this._trans}
        onChange={(word, values) => {
          this._changed = { ...this._changed, [word]: values };
        }}
      />
    );
  }

  private _changed: Options = {};
}
