import { SHAPES } from '../runs/states';
import type { IGraph, IGraphNode } from './graph';
import { ILayout, REMARK } from './layout';

/** The colours and the font of a picture, as they are on the page. */
export interface IPaint {
  background: string;
  box: string;
  border: string;
  line: string;
  text: string;
  quiet: string;
  font: string;
  /** By palette index. */
  components: string[];
  states: Record<string, string>;
}

/** What is written in a box. */
export interface IWords {
  remark: string;
  more: string[];
}

/** How many characters fit into a line of a box. */
const NAME = 24;
const LINE = 30;

/** The graph as an SVG document that needs nothing else: no styles, no fonts of the page. */
export function picture(
  graph: IGraph,
  layout: ILayout,
  paint: IPaint,
  words: (node: IGraphNode) => IWords
): string {
  const width = Math.ceil(layout.width);
  const height = Math.ceil(layout.height);
  const nodes = new Map(graph.nodes.map(node => [node.id, node]));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escaped(paint.font)}">`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="${paint.line}"/></marker></defs>`,
    `<rect width="${width}" height="${height}" fill="${paint.background}"/>`,
    ...layout.lines.map(
      line =>
        `<path d="${line.d}" fill="none" stroke="${paint.line}" stroke-width="1.2" marker-end="url(#arrow)"/>`
    ),
    ...layout.boxes.map(box => {
      const node = nodes.get(box.id) as IGraphNode;
      const { remark, more } = words(node);
      return [
        `<g transform="translate(${box.x} ${box.y})">`,
        `<title>${escaped(box.id)}: ${escaped(remark)}</title>`,
        `<rect width="${box.width}" height="${box.height}" rx="3" fill="${paint.box}" stroke="${paint.border}"/>`,
        `<rect width="4" height="${box.height}" rx="2" fill="${paint.components[node.colour % paint.components.length]}"/>`,
        `<path transform="translate(12 8)" d="${SHAPES[node.state ?? 'waiting']}" fill="none" stroke="${paint.states[node.state ?? 'none'] ?? paint.quiet}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>`,
        text(34, 21, 13, paint.text, shortened(node.id, NAME), '600'),
        text(34, 38, 11, paint.quiet, shortened(remark, LINE)),
        ...more.map((line, index) =>
          text(
            34,
            38 + REMARK * (index + 1),
            11,
            paint.quiet,
            shortened(line, LINE)
          )
        ),
        '</g>'
      ].join('');
    }),
    '</svg>'
  ].join('\n');
}

function text(
  x: number,
  y: number,
  size: number,
  colour: string,
  content: string,
  weight = '400'
): string {
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${colour}">${escaped(content)}</text>`;
}

function shortened(content: string, most: number): string {
  const characters = [...content];
  return characters.length > most
    ? `${characters.slice(0, most - 1).join('')}…`
    : content;
}

function escaped(content: string): string {
  return content
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

/** The colours that the page has now. */
export function paintOf(page: Element): IPaint {
  const style = getComputedStyle(page);
  const at = (name: string) => style.getPropertyValue(name).trim();
  return {
    background: at('--jp-layout-color0'),
    box: at('--jp-layout-color1'),
    border: at('--jp-border-color1'),
    line: at('--jp-ui-font-color3'),
    text: at('--jp-ui-font-color1'),
    quiet: at('--jp-ui-font-color2'),
    font: 'system-ui, "Helvetica Neue", Helvetica, Arial, sans-serif',
    components: Array.from({ length: 8 }, (_, index) =>
      at(`--jp-mdk-component-${index}`)
    ),
    states: {
      running: at('--jp-brand-color1'),
      done: at('--jp-success-color1'),
      failed: at('--jp-error-color1'),
      interrupted: at('--jp-error-color1'),
      cancelled: at('--jp-warn-color1')
    }
  };
}

/** An SVG document as a PNG image, larger by a factor so that it is sharp on any screen. */
export async function asPNG(svg: string, factor = 2): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.width * factor;
  canvas.height = image.height * factor;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.scale(factor, factor);
  context.drawImage(image, 0, 0);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      blob =>
        blob ? resolve(blob) : reject(new Error('The picture is too large.')),
      'image/png'
    )
  );
}
