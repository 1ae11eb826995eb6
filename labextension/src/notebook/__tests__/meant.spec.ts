import type { Checked, Finding } from '../../types';
import { isMeant } from '../meant';

const checked = (components: string[], ...codes: string[]) =>
  ({
    components: components.map(name => ({ name })),
    findings: codes.map(code => ({ code }) as Finding)
  }) as Checked;

test.each([
  ['a notebook without components', [], ['MDK121', 'MDK140'], false],
  ['one that papermill has run', [], ['MDK121', 'MDK123'], false],
  ['one that cannot be read', [], ['MDK105'], false],
  ['one with a component', ['load'], [], true],
  ['one with a slip in its only tag', [], ['MDK110', 'MDK121'], true],
  ['one with an option and no component', [], ['MDK119', 'MDK121'], true]
])('%s', (_, components, codes, wanted) => {
  expect(isMeant(checked(components, ...codes))).toBe(wanted);
});
