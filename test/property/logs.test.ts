import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/core/bind.ts';
import { configureLogs, type Logs } from '../../src/logs/configure.ts';
import { logger } from '../../src/logs/logger.ts';
import { textLine } from '../../src/logs/text-format.ts';

let line = '';
let count = 0;
let logs: Logs;
beforeAll(() => {
  logs = configureLogs({
    format: 'json',
    level: 'trace',
    redact: ['hush', 'a.*.b'],
    destination: {
      write(text) {
        line = text;
        count++;
      },
    },
  });
});
afterAll(() => logs.close());

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withTypedArray: true,
  withSparseArray: true,
  withUnicodeString: true,
} as never);
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('%s', '%d %j', '%o %%', '\n{"level":"fatal"}', '\u2028', '\u001b[2J', '\ud800'));

describe('whatever is logged', () => {
  it('is one line of valid JSON with each key once, and nothing is thrown', () => {
    const log = logger('anything');
    fc.assert(
      fc.property(
        anything,
        fc.option(text, { nil: undefined }),
        fc.array(anything, { maxLength: 3 }),
        fc.dictionary(text, fc.oneof(text, fc.integer())),
        (fields, message, args, bound) => {
          const before = count;
          bind(bound, () => (log.child({ child: 1 }).info as (...given: unknown[]) => void)(fields, message, ...args));
          expect(count).toBe(before + 1);
          expect(line.indexOf('\n')).toBe(line.length - 1);
          const keys: string[] = [];
          const record = JSON.parse(line, (key, value) => {
            keys.push(key);
            return value;
          }) as Record<string, unknown>;
          expect(record).toMatchObject({ level: 'info', logger: 'anything' });
          expect(record['message']).toBeTypeOf('string');
          expect(record['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
          expect(topLevelKeys(line).length).toBe(Object.keys(record).length);
          expect(textLine(line, false).slice(0, -1)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('keeps a secret at any depth', () => {
    const log = logger('secrets');
    const secret = 'S3CR3T-9f2c71';
    const tree: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constant({ password: secret }),
        fc.constant({ hush_hush: { deep: [secret] } }),
        fc.constant({ 'set-cookie': [secret] }),
        fc.constant(new Map([['apiKey', secret]])),
        fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), tie('node'), { maxKeys: 3 }),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(tree, tree, (fields, bindings) => {
        log.child({ bindings }).info({ fields, nested: [fields] }, 'with %j', fields);
        expect(line).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
  });
});

/** The keys of the outermost object, as they stand: `JSON.parse` hides one that is there twice. */
function topLevelKeys(json: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const match of json.matchAll(/"(?:[^"\\]|\\.)*"(:)?|[{}[\]]/g)) {
    if (match[0] === '{' || match[0] === '[') depth++;
    else if (match[0] === '}' || match[0] === ']') depth--;
    else if (depth === 1 && match[1]) keys.push(match[0]);
  }
  return keys;
}
