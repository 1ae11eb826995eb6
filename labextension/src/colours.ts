/** How many colours there are; `style/palette.css` has as many. */
const COLOURS = 8;

/** The colour of the component with this index in its pipeline, as CSS. */
export function colour(index: number): string {
  return `var(--jp-mdk-component-${index % COLOURS})`;
}

/** Class of a dot in the colour of the component with this index. */
export function colourClass(index: number): string {
  return `jp-mdk-Dot jp-mod-colour-${index % COLOURS}`;
}
