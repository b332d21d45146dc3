import { describe, expect, it } from 'vitest';
import { type FingerprintInput, fingerprint, parameterise } from '../../../src/errors/fingerprint.ts';

const APP = '/app/releases/17/src';
const at = (fn: string, file: string, line = 1): string => `    at ${fn} (${file}:${line}:7)`;
const NODE = [
  '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
  at('Layer.handle', '/app/node_modules/express/lib/router/layer.js', 95),
];

/** A failure of type `Error` with these frames; what is given replaces the rest. */
function failure(
  frames: readonly string[],
  change: Partial<FingerprintInput> & { causes?: readonly (readonly [string, readonly string[]])[] } = {},
): FingerprintInput {
  const { causes = [], ...rest } = change;
  const type = rest.type ?? 'Error';
  const message = rest.message ?? 'no such order';
  const stack = [`${type}: ${message}`, ...frames, ...causes.flatMap(([head, lines]) => [`Caused by: ${head}`, ...lines])].join('\n');
  return { type, code: undefined, message, stack, chain: undefined, ...rest };
}

const PLACE = [at('Orders.place', `${APP}/orders.ts`, 12), at('async handle', `${APP}/server.ts`, 40)];
const base = failure(PLACE);
const recursion = (depth: number): FingerprintInput => failure([...Array.from({ length: depth }, () => at('walk', `${APP}/tree.ts`, 9)), ...PLACE]);
const mutual = (rounds: number): FingerprintInput =>
  failure([...Array.from({ length: rounds }, () => [at('even', `${APP}/parity.ts`), at('odd', `${APP}/parity.ts`)]).flat(), ...PLACE]);
const lib = (message: string, type = 'Error'): FingerprintInput => failure(NODE, { message, type });

/** Pairs that are the same bug. */
const SAME: readonly [string, FingerprintInput, FingerprintInput][] = [
  ['the very same', base, failure(PLACE)],
  ['another line of the function', base, failure([at('Orders.place', `${APP}/orders.ts`, 99), at('async handle', `${APP}/server.ts`, 7)])],
  ['another message', base, failure(PLACE, { message: 'no such order: o-17' })],
  ['a message with several lines', base, failure(PLACE, { message: 'no such order\nselect * from orders\n  at least that is what we think' })],
  ['another folder of the release', base, failure(PLACE.map((line) => line.replace('/app/releases/17', '/app/releases/18')))],
  ['a developer machine', base, failure(PLACE.map((line) => line.replace('/app/releases/17', '/home/ann/checkout')))],
  ['built to dist', base, failure(PLACE.map((line) => line.replace('/src/', '/dist/').replace('.ts:', '.js:')))],
  ['file: addresses', base, failure(PLACE.map((line) => line.replace('(/app', '(file:///app')))],
  ['a module loaded with a query', base, failure(PLACE.map((line) => line.replace('orders.ts:', 'orders.ts?t=17:')))],
  ['a hash in the name of a bundle', failure([at('place', '/app/dist/chunk-9f86d081884c.js')]), failure([at('place', '/app/dist/chunk-0a1b2c3d4e5f.js')])],
  ['more frames of Node between', base, failure([PLACE[0] as string, ...NODE, PLACE[1] as string])],
  ['frames of packages below', base, failure([...PLACE, ...NODE])],
  ['recursion, 3 and 7 deep', recursion(3), recursion(7)],
  ['recursion, 1 and 2 deep', recursion(1), recursion(2)],
  ['mutual recursion, 2 and 4 rounds', mutual(2), mutual(4)],
  ['called as a method or as a function', failure([at('place', `${APP}/orders.ts`)]), failure([at('Object.place', `${APP}/orders.ts`)])],
  ['called by another name', failure([at('Orders.place', `${APP}/orders.ts`)]), failure([at('Orders.place [as submit]', `${APP}/orders.ts`)])],
  ['awaited or not', failure([at('place', `${APP}/orders.ts`)]), failure([at('async place', `${APP}/orders.ts`)])],
  [
    'a cause whose lines moved',
    failure(PLACE, { causes: [['Error: a', [at('load', `${APP}/db.ts`, 3)]]] }),
    failure(PLACE, { causes: [['Error: b', [at('load', `${APP}/db.ts`, 8)]]] }),
  ],
  ['a traced frame that V8 had lost', base, failure([...PLACE, '    at traced checkout.place (orders.ts:12)'])],
  ['no frames of ours: numbers differ', lib('connect ECONNREFUSED 10.0.0.7:5432'), lib('connect ECONNREFUSED 10.0.0.9:5433')],
  ['no frames of ours: IDs differ', lib('job 5f2c1a9e-8d1c-4a53-9b8e-0d3c4f5a6b7c failed'), lib('job 00000000-0000-4000-8000-000000000000 failed')],
  ['no frames of ours: quoted names differ', lib('column "a" of \'orders\' is missing'), lib('column "b" of \'carts\' is missing')],
  ['no frames of ours: paths differ', lib("ENOENT: no such file, open '/tmp/a/b.txt'"), lib("ENOENT: no such file, open '/var/x/y/z.json'")],
  ['no frames of ours: addresses differ', lib('GET https://pay.example/orders/17?x=1 failed'), lib('GET http://pay.example:80/carts failed')],
  ['no frames of ours: mails differ', lib('mail to ann@example.com bounced'), lib('mail to bob.b@mail.example.org bounced')],
];

/** Pairs that are not. */
const DIFFERENT: readonly [string, FingerprintInput, FingerprintInput][] = [
  ['another function', base, failure([at('Orders.cancel', `${APP}/orders.ts`, 12), PLACE[1] as string])],
  ['the same function name in another module', base, failure([at('Orders.place', `${APP}/carts.ts`, 12), PLACE[1] as string])],
  ['another module of the same name in another folder', failure([at('get', `${APP}/a/store.ts`)]), failure([at('get', `${APP}/b/store.ts`)])],
  ['another type', base, failure(PLACE, { type: 'TypeError' })],
  ['another code', failure(PLACE, { code: 'orders/unknown' }), failure(PLACE, { code: 'orders/closed' })],
  ['a code and none', base, failure(PLACE, { code: 'orders/unknown' })],
  ['another caller', base, failure([PLACE[0] as string, at('retryAll', `${APP}/jobs.ts`)])],
  ['one function, causes of different types', failure(PLACE, { causes: [['Error: x', []]] }), failure(PLACE, { causes: [['TypeError: x', []]] })],
  [
    'one function, causes from different functions',
    failure(PLACE, { causes: [['Error: x', [at('load', `${APP}/db.ts`)]]] }),
    failure(PLACE, { causes: [['Error: x', [at('save', `${APP}/db.ts`)]]] }),
  ],
  ['a cause and none', base, failure(PLACE, { causes: [['Error: x', [at('load', `${APP}/db.ts`)]]] })],
  [
    'one cause and two',
    failure(PLACE, { causes: [['Error: x', []]] }),
    failure(PLACE, {
      causes: [
        ['Error: x', []],
        ['Error: y', []],
      ],
    }),
  ],
  ['causes with different codes', failure(PLACE, { chain: ['Error', 'orders/unknown'] }), failure(PLACE, { chain: ['Error', 'orders/closed'] })],
  [
    'another member of an aggregate',
    failure([...PLACE, '    [0] Error: a', `    ${at('a', `${APP}/a.ts`)}`]),
    failure([...PLACE, '    [0] Error: a', `    ${at('b', `${APP}/a.ts`)}`]),
  ],
  ['recursion through another function', recursion(3), mutual(3)],
  ['no frames of ours: another sentence', lib('connect ECONNREFUSED 10.0.0.7:5432'), lib('connect ETIMEDOUT 10.0.0.7:5432')],
  ['no frames of ours: another type', lib('x', 'Error'), lib('x', 'RangeError')],
  ['frames of ours and none', base, lib('no such order')],
  ['a class and another class with the same method', failure([at('Orders.place', `${APP}/shop.ts`)]), failure([at('Carts.place', `${APP}/shop.ts`)])],
];

describe('fingerprint', () => {
  it('is v1 and 16 hex digits', () => {
    expect(fingerprint(base)).toMatch(/^v1:[0-9a-f]{16}$/);
  });

  it('stays what it was: the groups of a store outlive a release', () => {
    expect([fingerprint(base), fingerprint(lib('connect ECONNREFUSED 10.0.0.7:5432'))]).toMatchInlineSnapshot(`
      [
        "v1:4905718527df036f",
        "v1:d9f0fda8a7e21a43",
      ]
    `);
  });

  it.each(SAME)('is the same for %s', (_what, a, b) => {
    expect(fingerprint(a)).toBe(fingerprint(b));
  });

  it.each(DIFFERENT)('differs for %s', (_what, a, b) => {
    expect(fingerprint(a)).not.toBe(fingerprint(b));
  });

  it('takes any text for a stack', () => {
    for (const stack of ['', '\n\n', '    at', 'Caused by: ', `${'('.repeat(5_000)}`, `${at('a', '/x.ts')}\n`.repeat(5_000)]) {
      expect(fingerprint({ ...base, stack })).toMatch(/^v1:/);
    }
  });
});

describe('parameterise', () => {
  it.each([
    ['order 17 of 3', 'order <n> of <n>'],
    ['hash deadbeef12 at 0x7fff5fbff8c0', 'hash <hex> at <hex>'],
    ['took -1.5s', 'took <n>s'],
    ['host 192.168.0.1:80 is down', 'host <address> is down'],
    ['plain words stay', 'plain words stay'],
    ['facade and decade stay', 'facade and decade stay'],
  ])('%s', (message, pattern) => {
    expect(parameterise(message)).toBe(pattern);
  });

  it('is quick on long and odd messages', () => {
    for (const message of ['/'.repeat(100_000), 'a@'.repeat(50_000), '"'.repeat(100_001), '9'.repeat(100_000), `${'a'.repeat(99_999)}://`]) {
      expect(parameterise(message).length).toBeLessThan(20_000);
    }
  });
});
