const BEYOND = 8; // rows drawn above and below what is seen, so that scrolling shows no gap

/** The rows of a long list that are to be drawn: from `first` up to but without `end`. */
export function visibleRows(
  count: number,
  rowHeight: number,
  scrolled: number,
  height: number
): { first: number; end: number } {
  const seen = Math.floor(scrolled / rowHeight);
  const fitting = Math.ceil(height / rowHeight);
  const first = Math.max(0, Math.min(seen, count - fitting) - BEYOND);
  return { first, end: Math.min(count, seen + fitting + BEYOND) };
}

/** Where a list is to be scrolled to so that a row is wholly seen: as little as possible. */
export function scrollTo(
  row: number,
  rowHeight: number,
  scrolled: number,
  height: number
): number {
  const top = row * rowHeight;
  return Math.max(Math.min(scrolled, top), top + rowHeight - height, 0);
}
