import { spanOf } from '../places';

const SOURCE =
  '%%component train --cpu x\n\n    model = fit(fitted, data) \nlog(a)';

function marked(
  line: number | null,
  column: number | null = null,
  ...names: string[]
): string | null {
  const span = spanOf({ line, column, names }, SOURCE);
  return span && SOURCE.slice(span.from, span.to);
}

test.each([
  ['the word at its column', marked(4, 1), 'log'],
  ['a sign at its column', marked(1, 1), '%'],
  ['the name at its column', marked(1, 19, '--cpu'), '--cpu'],
  ['its name', marked(4, null, 'a'), 'a'],
  ['its name, not a part of another', marked(3, null, 'fit'), 'fit'],
  [
    'the second name, where the first is elsewhere',
    marked(3, null, 'x', 'data'),
    'data'
  ],
  ['its line', marked(3), 'model = fit(fitted, data)'],
  ['its line, where its column is not there', marked(4, 99), 'log(a)'],
  ['nothing on an empty line', marked(2), null],
  ['nothing on a line that is gone', marked(9), null],
  ['nothing for the cell as a whole', marked(null, null, 'model'), null]
])('marks %s', (_, found, wanted) => {
  expect(found).toBe(wanted);
});
