// Turn the JSON Schema on standard input into TypeScript types.
import { readFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';

const schema = JSON.parse(readFileSync(0, 'utf-8'));
const types = await compile(schema, 'Everything', {
  additionalProperties: false,
  bannerComment:
    '// Written by `make types` from the Python models; not by hand.\n',
  style: { singleQuote: true, trailingComma: 'none', arrowParens: 'avoid' },
  unreachableDefinitions: true
});
const noise =
  /(\n \*)?\n \* This interface was referenced by .*\n \* via the `definition` ".*"\./g;
process.stdout.write(types.replace(noise, '').replace(/\/\*\*\n \*\/\n/g, ''));
