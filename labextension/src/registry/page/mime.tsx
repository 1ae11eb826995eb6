import type { IRenderMime } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { useSurroundings } from '../surroundings';

/** Something that JupyterLab's renderers show. */
export function Mime(props: {
  mimeType: string;
  model: IRenderMime.IMimeModel;
  label: string;
}): JSX.Element {
  const { rendermime } = useSurroundings();
  const node = React.useRef<HTMLDivElement>(null);
  const { mimeType, model } = props;
  // A layout effect: its end comes while the node is still in the page.
  React.useLayoutEffect(() => {
    const renderer = rendermime.createRenderer(mimeType);
    Widget.attach(renderer, node.current!);
    void renderer.renderModel(model);
    return () => renderer.dispose();
  }, [rendermime, mimeType, model]);
  return (
    <div
      className="jp-mdk-Mime"
      ref={node}
      role="group"
      aria-label={props.label}
    />
  );
}
