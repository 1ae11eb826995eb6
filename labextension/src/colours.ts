/** How many colours there are; `style/palette.css` has as many. */
const COLOURS = 8;

/** The colour of the component with this index in its pipeline, as CSS. */
export function colour(index: number): string {
  return `var(--jp-mdk-component-${index % COLOURS})`;
}
