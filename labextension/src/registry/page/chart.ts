import type { ISeries } from '../figures';

/** Colours and font that a chart takes from the theme. */
export interface IInk {
  text: string;
  grid: string;
  line: string;
  font: string;
}

/** The colours of the theme of now. */
export function ink(node: Element): IInk {
  const style = getComputedStyle(node);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: value('--jp-ui-font-color1'),
    grid: value('--jp-border-color2'),
    line: value('--jp-brand-color1'),
    font: value('--jp-ui-font-family')
  };
}

/**
 * A metric over the versions of a model, as a Vega-Lite spec.
 *
 * @param champions environments by the version that is champion there.
 * @param words what the fields are called where one points at them.
 */
export function chart(
  series: ISeries,
  champions: ReadonlyMap<string, string>,
  { text, grid, line, font }: IInk,
  words: { version: string; serves: string }
): Record<string, unknown> {
  const values = series.points.map(point => ({
    ...point,
    serves: champions.get(point.version) ?? ''
  }));
  const x = {
    field: 'version',
    type: 'ordinal',
    sort: null,
    axis: { title: null, labelAngle: 0, labelOverlap: 'greedy' }
  };
  const y = {
    field: 'value',
    type: 'quantitative',
    scale: { zero: false, nice: true },
    axis: { title: null, tickCount: 5 }
  };
  const tooltip = [
    { field: 'version', title: words.version },
    { field: 'value', title: series.name },
    { field: 'serves', title: words.serves }
  ];
  const serving = { filter: 'datum.serves' };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    usermeta: { embedOptions: { actions: false, renderer: 'svg' } },
    width: 'container',
    height: 200,
    background: 'transparent',
    data: { values },
    encoding: { x, y },
    layer: [
      {
        mark: { type: 'line', color: line, strokeWidth: 1.5 },
        encoding: { tooltip }
      },
      {
        mark: { type: 'point', color: line, filled: true, size: 26 },
        encoding: { tooltip }
      },
      {
        transform: [serving],
        mark: { type: 'point', color: text, size: 110, strokeWidth: 1.5 },
        encoding: { tooltip }
      },
      {
        transform: [serving],
        mark: { type: 'text', dy: -13, color: text },
        encoding: { text: { field: 'serves' } }
      }
    ],
    config: {
      font,
      view: { stroke: null },
      axis: {
        labelColor: text,
        tickColor: grid,
        domainColor: grid,
        gridColor: grid,
        gridOpacity: 0.6
      },
      axisX: { grid: false }
    }
  };
}
