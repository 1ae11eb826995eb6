import type { MainAreaWidget } from '@jupyterlab/apputils';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { IDocumentManager } from '@jupyterlab/docmanager';

import { segments } from '../client';
import { read } from '../drive/reading';
import type { IMDKClient, IPipelines } from '../tokens';
import type { LogText, NotebookPath, RunView, StepView } from '../types';

/** Opens what runs have left, and the cells that they came from. */
export class Opening {
  constructor(options: Opening.IOptions) {
    this._options = options;
  }

  /** Open the executed notebook of a step; one on a service is fetched first. */
  async step(run: RunView, step: StepView): Promise<void> {
    const path = step.notebook ?? (await this._fetchNotebook(run, step));
    read(this._options.docManager, path);
  }

  /** Open what a step printed: its file, or what the service tells. */
  async log(run: RunView, step: StepView): Promise<MainAreaWidget | null> {
    if (run.target === 'local' && step.log !== null) {
      read(this._options.docManager, step.log, 'Editor');
      return null;
    }
    const { text } = await this._options.client.ask<LogText>(
      segments('runs', run.id, 'log'),
      { query: { store: run.store, step: step.name } }
    );
    const { textWidget } = await import('./texts');
    return textWidget({
      editorServices: this._options.editorServices,
      id: `mdk-log:${run.id}:${step.name}`,
      title: `${step.name}.log`,
      content: text,
      mimeType: 'text/plain'
    });
  }

  /** Go to a cell of a notebook, which is opened if it is not. */
  async cell(path: string, cell: string, line?: number): Promise<void> {
    const { docManager, pipelines } = this._options;
    let pipeline = pipelines.byPath(path);
    if (!pipeline) {
      const opened = docManager.openOrReveal(path);
      await opened?.revealed;
      await opened?.context.ready;
      pipeline = pipelines.byPath(path);
    }
    await pipeline?.goTo(cell, line);
  }

  private async _fetchNotebook(run: RunView, step: StepView): Promise<string> {
    const { path } = await this._options.client.ask<NotebookPath>(
      segments('runs', run.id, 'notebook'),
      { query: { store: run.store, step: step.name } }
    );
    return path;
  }

  private readonly _options: Opening.IOptions;
}

export namespace Opening {
  export interface IOptions {
    client: IMDKClient;
    docManager: IDocumentManager;
    editorServices: IEditorServices;
    pipelines: IPipelines;
  }
}
