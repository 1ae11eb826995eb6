import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

/** What all parts of a view need of the application. */
export interface ISurroundings {
  trans: TranslationBundle;
  commands: CommandRegistry;
  rendermime: IRenderMimeRegistry;
}

const Context = React.createContext<ISurroundings | null>(null);

export const Surrounded = Context.Provider;

export function useSurroundings(): ISurroundings {
  const surroundings = React.useContext(Context);
  if (!surroundings) {
    throw new Error('This is shown outside of its surroundings.');
  }
  return surroundings;
}
