import { LabIcon } from '@jupyterlab/ui-components';

/** Three steps of a pipeline, the last of them crowned. */
export const mdkIcon = new LabIcon({
  name: 'mdk-jupyter:mdk',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <circle cx="5" cy="17" r="3"/>
    <circle cx="12" cy="9" r="3"/>
    <path d="M15.5 21v-6l1.8 1.7L19 14l1.7 2.7 1.8-1.7v6z"/>
    <path d="M6.2 14.2l3-3.4 1.2 1-3 3.4zM13.5 11.9l1.2-1 2.2 2.6-1.2 1z"/>
  </g>
</svg>`
});

/** A pipeline's graph. */
export const graphIcon = new LabIcon({
  name: 'mdk-jupyter:graph',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M9 3h6v5H9zM3 16h6v5H3zM15 16h6v5h-6zM11 8h2v3h6v5h-2v-3H7v3H5v-5h6z"/>
</svg>`
});

/** Two things side by side. */
export const compareIcon = new LabIcon({
  name: 'mdk-jupyter:compare',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M4 5h7v14H4zm2 2v10h3V7zM13 5h7v14h-7zM11.2 2h1.6v20h-1.6z"/>
</svg>`
});

/** Sent somewhere else to be run. */
export const submitIcon = new LabIcon({
  name: 'mdk-jupyter:submit',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M19.4 10A7.5 7.5 0 0 0 5.3 8 6 6 0 0 0 6 20h13a5 5 0 0 0 .4-10zM13 13v4h-2v-4H8l4-4 4 4z"/>
</svg>`
});

/** From here onwards. */
export const runFromIcon = new LabIcon({
  name: 'mdk-jupyter:run-from',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M5 5h2.4v14H5zM10 5v14l10-7z"/>
</svg>`
});

/** All of it, in the window. */
export const fitIcon = new LabIcon({
  name: 'mdk-jupyter:fit',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z"/>
</svg>`
});

/** Smaller. */
export const zoomOutIcon = new LabIcon({
  name: 'mdk-jupyter:zoom-out',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M5 11h14v2H5z"/>
</svg>`
});
