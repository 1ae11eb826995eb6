import * as React from 'react';

import { scrollTo, visibleRows } from './window';

const HEIGHT = 600; // pixels, until the list was measured

/** A list of rows of one height, of which only those are drawn that are seen. */
export function Rows(props: {
  id: string;
  label: string;
  count: number;
  rowHeight: number;
  /** The row that is chosen; -1 for none. */
  selected: number;
  row: (index: number) => React.ReactNode;
  /** Attributes of a row's node, by which context menus tell what it is. */
  facts?: (index: number) => Record<string, string>;
  onSelect: (index: number) => void;
  /** The end of the list is seen. */
  onEnd: () => void;
}): JSX.Element {
  const { count, rowHeight, selected, onSelect } = props;
  const node = React.useRef<HTMLDivElement>(null);
  const [view, setView] = React.useState({ top: 0, height: HEIGHT });
  const [active, setActive] = React.useState(Math.max(selected, 0));
  React.useLayoutEffect(() => {
    const list = node.current!;
    const measure = () =>
      setView({ top: list.scrollTop, height: list.clientHeight });
    const watcher = new ResizeObserver(measure);
    watcher.observe(list);
    return () => watcher.disconnect();
  }, []);
  const { first, end } = visibleRows(count, rowHeight, view.top, view.height);
  React.useEffect(() => {
    if (end === count) {
      props.onEnd();
    }
  });
  const go = (index: number) => {
    const to = Math.max(0, Math.min(count - 1, index));
    const list = node.current!;
    setActive(to);
    list.scrollTop = scrollTo(to, rowHeight, list.scrollTop, list.clientHeight);
  };
  React.useEffect(() => {
    if (selected >= 0) {
      go(selected);
    }
  }, [selected]);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 1);
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: count - 1
    };
    if (event.key in steps) {
      go(steps[event.key]);
    } else if (event.key === 'Enter' || event.key === ' ') {
      onSelect(active);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      className="jp-mdk-WindowedRows"
      ref={node}
      role="listbox"
      tabIndex={0}
      aria-label={props.label}
      aria-activedescendant={count ? `${props.id}-${active}` : undefined}
      onScroll={event =>
        setView({ ...view, top: event.currentTarget.scrollTop })
      }
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: count * rowHeight }}>
        {Array.from({ length: end - first }, (_, shift) => {
          const index = first + shift;
          return (
            <div
              key={index}
              id={`${props.id}-${index}`}
              className={`jp-mdk-ListRow${index === active ? ' jp-mod-active' : ''}`}
              role="option"
              aria-selected={index === selected}
              aria-setsize={count}
              aria-posinset={index + 1}
              style={{ top: index * rowHeight, height: rowHeight }}
              onClick={() => {
                setActive(index);
                onSelect(index);
              }}
              {...props.facts?.(index)}
            >
              {props.row(index)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
