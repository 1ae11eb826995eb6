import type { JSONObject } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

/** A small pipeline to begin with: it converts and runs as it is, with nothing but Python. */
export function example(
  kernel: { name: string; display_name: string },
  trans: TranslationBundle
): JSONObject {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { ...kernel, language: 'python' } },
    cells: [
      text(
        'about',
        trans.__(
          '# A pipeline\n\nEach cell says above it which component it belongs to; choose another one there. Run the cells here, or the whole pipeline from the sidebar.'
        )
      ),
      code(
        'settings',
        ['parameters'],
        [
          'points = 200  # how many to draw',
          'noise = 0.5  # how far they are from the line'
        ]
      ),
      code(
        'draw',
        ['component:load'],
        [
          'import random',
          '',
          'random.seed(1)',
          'data = [(x, 2 * x + random.gauss(0, noise)) for x in range(points)]'
        ]
      ),
      code(
        'fit',
        ['component:train'],
        ['slope = sum(x * y for x, y in data) / sum(x * x for x, _ in data)']
      ),
      code(
        'judge',
        ['component:evaluate'],
        [
          'error = sum(abs(y - slope * x) for x, y in data) / len(data)',
          'print(f"slope {slope:.3f}, mean error {error:.3f}")'
        ]
      )
    ]
  };
}

function code(id: string, tags: string[], lines: string[]): JSONObject {
  return {
    cell_type: 'code',
    id,
    metadata: { tags },
    source: lines.join('\n'),
    outputs: [],
    execution_count: null
  };
}

function text(id: string, source: string): JSONObject {
  return { cell_type: 'markdown', id, metadata: {}, source };
}
