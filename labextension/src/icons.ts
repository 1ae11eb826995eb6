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
