import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

/** A small button with an icon alone; its label is read aloud and shown as a tip. */
export function IconButton(props: {
  icon: LabIcon;
  label: string;
  /** Whether what it shows is shown, where it shows something. */
  isExpanded?: boolean;
  onClick: () => void;
}): JSX.Element {
  const { icon: Icon, label, isExpanded, onClick } = props;
  return (
    <button
      className="jp-mdk-IconButton"
      title={label}
      aria-label={label}
      aria-expanded={isExpanded}
      onClick={onClick}
    >
      <Icon.react tag="span" width="14px" height="14px" />
    </button>
  );
}
