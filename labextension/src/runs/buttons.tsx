import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

/** A small button with an icon alone; its label is read aloud and shown as a tip. */
export function IconButton(props: {
  icon: LabIcon;
  label: string;
  onClick: () => void;
}): JSX.Element {
  const { icon: Icon, label, onClick } = props;
  return (
    <button
      className="jp-mdk-IconButton"
      title={label}
      aria-label={label}
      onClick={onClick}
    >
      <Icon.react tag="span" width="14px" height="14px" />
    </button>
  );
}
