import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import { UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { nameButton } from '../../presenting';
import { Trouble } from '../answers';
import type { Draft } from './draft';
import {
  type ISurroundings,
  Surrounded,
  useSurroundings
} from '../surroundings';

/** A dialog that carries its draft out itself, and stays open where that is refused. */
class DraftDialog extends Dialog<void> {
  constructor(
    private readonly _draft: Draft,
    private readonly _accept: () => string,
    options: Partial<Dialog.IOptions<void>>
  ) {
    super(options);
    this.addClass('jp-mdk-Dialog');
    this._draft.stateChanged.connect(this._onChanged, this);
  }

  /** Whether the draft was carried out. */
  isDone = false;

  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
    } else {
      void this._submit();
    }
  }

  override dispose(): void {
    this._draft.stateChanged.disconnect(this._onChanged, this);
    super.dispose();
  }

  protected override onAfterAttach(
    ...args: Parameters<Dialog<void>['onAfterAttach']>
  ): void {
    super.onAfterAttach(...args);
    this._checkValidation();
  }

  protected override _checkValidation(): void {
    for (const button of this.node.querySelectorAll<HTMLButtonElement>(
      'button.jp-Dialog-button.jp-mod-accept, button.jp-Dialog-button.jp-mod-warn'
    )) {
      button.disabled = !this._draft.isReady;
      nameButton(button, this._accept());
    }
  }

  private async _submit(): Promise<void> {
    this.isDone = await this._draft.submit();
    if (this.isDone) {
      super.resolve();
    }
  }

  private _onChanged(): void {
    this._checkValidation();
  }
}

/**
 * Show a draft until it is carried out or given up.
 *
 * @returns whether it was carried out.
 */
export async function showDraft(
  draft: Draft,
  options: {
    title: string;
    accept: () => string;
    isWarning?: boolean;
    body: () => JSX.Element;
  },
  surroundings: ISurroundings
): Promise<boolean> {
  const { trans } = surroundings;
  const body = ReactWidget.create(
    <Surrounded value={surroundings}>
      <UseSignal signal={draft.stateChanged}>{() => options.body()}</UseSignal>
    </Surrounded>
  );
  body.addClass('jp-mdk-DraftBody');
  const accept = options.isWarning ? Dialog.warnButton : Dialog.okButton;
  const dialog = new DraftDialog(draft, options.accept, {
    title: options.title,
    body: body as Dialog.IBodyWidget<void>,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      accept({ label: options.accept() })
    ],
    focusNodeSelector: 'select, textarea'
  });
  dialog.node.setAttribute('aria-label', options.title);
  void draft.load();
  await dialog.launch();
  return dialog.isDone;
}

/** Why something is done. */
export function Reason(props: {
  draft: Draft;
  label?: string;
  placeholder?: string;
}): JSX.Element {
  const { trans } = useSurroundings();
  const { draft } = props;
  return (
    <label className="jp-mdk-DraftField">
      {props.label ?? trans.__('Reason')}
      <textarea
        className="jp-mod-styled"
        required
        rows={2}
        placeholder={
          props.placeholder ?? trans.__('Why? It is kept in the history.')
        }
        value={draft.reason}
        onChange={event => {
          draft.reason = event.target.value;
        }}
      />
    </label>
  );
}

/** What stands in the way of a draft, and what changed meanwhile. */
export function Standing({ draft }: { draft: Draft }): JSX.Element {
  const { trans } = useSurroundings();
  const { error } = draft;
  const isAway = error !== null && (error.status === 0 || error.status >= 500);
  return (
    <>
      {draft.isStale && (
        <div className="jp-mdk-Trouble" role="alert">
          {trans.__(
            'Somebody changed this environment while you were looking. Nothing was done; this is the plan as it is now.'
          )}
        </div>
      )}
      {error && !draft.isStale && (
        <Trouble
          error={error}
          again={isAway ? () => void draft.load() : undefined}
        />
      )}
    </>
  );
}
