import { MainAreaWidget } from '@jupyterlab/apputils';
import { CodeViewerWidget, type IEditorServices } from '@jupyterlab/codeeditor';
import { textEditorIcon } from '@jupyterlab/ui-components';

/** A text to be read in the main area. */
export function textWidget(options: {
  editorServices: IEditorServices;
  id: string;
  title: string;
  content: string;
  mimeType: string;
}): MainAreaWidget {
  const { editorServices, id, title, content, mimeType } = options;
  const viewer = CodeViewerWidget.createCodeViewer({
    factory: editorServices.factoryService.newDocumentEditor,
    content,
    mimeType,
    editorOptions: { config: { readOnly: true, lineNumbers: true } }
  });
  const widget = new MainAreaWidget({ content: viewer });
  widget.id = id;
  widget.title.label = title;
  widget.title.icon = textEditorIcon;
  widget.title.closable = true;
  widget.toolbar.hide(); // it is empty
  return widget;
}
