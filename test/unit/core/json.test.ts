import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeCopy, safeJson, safeMessage } from '../../../src/core/json.ts';

const cyclic: Record<string, unknown> = { a: 1 };
cyclic.self = cyclic;
const same = { b: 1 };

describe('safeCopy', () => {
  it.each([
    ['plain values', { a: [1, 'x', true, null] }, { a: [1, 'x', true, null] }],
    ['numbers that JSON has not', [Number.NaN, Number.NEGATIVE_INFINITY], ['NaN', '-Infinity']],
    ['BigInt, symbols, functions', { n: 12n, s: Symbol('s'), f: function named() {} }, { n: '12', s: 'Symbol(s)', f: '[function named]' }],
    ['a cycle', cyclic, { a: 1, self: '[circular]' }],
    ['the same object twice is no cycle', [same, same], [{ b: 1 }, { b: 1 }]],
    ['dates', [new Date(0), new Date(Number.NaN)], ['1970-01-01T00:00:00.000Z', 'Invalid Date']],
    ['maps and sets', [new Map([['k', 1]]), new Set([1, 2])], [{ k: 1 }, [1, 2]]],
    ['bytes', Buffer.from('abc'), '[Buffer of 3 bytes]'],
    ['patterns and addresses', [/a/g, new URL('http://a/')], ['/a/g', 'http://a/']],
    ['toJSON', { toJSON: () => ({ short: 1 }) }, { short: 1 }],
    [
      'a getter that throws',
      {
        get bad(): never {
          throw new Error('no');
        },
      },
      { bad: '[unreadable: no]' },
    ],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          ownKeys() {
            throw new Error('no');
          },
        },
      ),
      '[unreadable: no]',
    ],
    ['undefined in arrays', [undefined], [null]],
    ['__proto__ as a name', JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 1}')],
  ])('%s', (_what, value, expected) => {
    expect(JSON.parse(JSON.stringify(safeCopy(value)))).toEqual(expected);
  });

  it('an error has its type, message, stack and own fields', () => {
    expect(safeCopy(Object.assign(new RangeError('far'), { code: 'E' }))).toMatchObject({
      type: 'RangeError',
      message: 'far',
      stack: expect.stringContaining('RangeError: far'),
      code: 'E',
    });
  });

  it('bounds depth, width and length', () => {
    let deep: unknown = 'bottom';
    for (let i = 0; i < 20; i++) deep = { deep };
    expect(safeJson(deep)).toBe(`${'{"deep":'.repeat(8)}"[object]"${'}'.repeat(8)}`);
    const wide = safeCopy(Array.from({ length: 250 }, (_, i) => i)) as unknown[];
    expect([wide.length, wide.at(-1)]).toEqual([201, '[50 more]']);
    expect(safeCopy('x'.repeat(40_000))).toMatch(/^x{32768}… \[7232 more characters\]$/);
  });

  it('goes through no more of a map, a set or a text than it shows', () => {
    let taken = 0;
    class Large extends Map<number, number> {
      override *[Symbol.iterator](): MapIterator<[number, number]> {
        for (let i = 0; i < 1e9; i++) {
          taken++;
          yield [i, i];
        }
        return undefined;
      }
      override get size(): number {
        return 1e9;
      }
    }
    const copy = safeCopy(new Large()) as Record<string, unknown>;
    expect([Object.keys(copy).length, copy['…'], taken]).toEqual([201, '[999999800 more keys]', 201]);
    const set = safeCopy(new Set(Array.from({ length: 300 }, (_, i) => i))) as unknown[];
    expect([set.length, set.at(-1)]).toEqual([201, '[100 more]']);
    const searched: number[] = [];
    const revise = (_key: string, value: unknown): unknown => {
      if (typeof value === 'string') searched.push(value.length);
      return value;
    };
    const text = 'x'.repeat(1_000_000);
    const cut = `${'x'.repeat(32_768)}… [967232 more characters]`;
    expect(safeCopy({ text, list: [text] }, revise)).toEqual({ text: cut, list: [cut] });
    expect(searched).toEqual([cut.length, cut.length]);
  });

  it('asks `revise` for every property, with its path', () => {
    const asked: string[] = [];
    const copy = safeCopy({ a: { secret: 1, list: [1] } }, (key, value, path) => {
      asked.push(path.join('.'));
      return key === 'secret' ? 'hidden' : value;
    });
    expect(JSON.stringify(copy)).toBe('{"a":{"secret":"hidden","list":[1]}}');
    expect(asked).toEqual(['a', 'a.secret', 'a.list', 'a.list.0']);
  });

  it('gives JSON for anything', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withNullPrototype: true, withSparseArray: true }),
        (value) => {
          const text = safeJson(value);
          expect(() => JSON.parse(text)).not.toThrow();
        },
      ),
    );
  });
});

describe('safeMessage', () => {
  it.each([
    ['an error', new Error('a'), 'a'],
    ['a text', 'b', 'b'],
    ['undefined', undefined, 'undefined'],
    ['an object without prototype', Object.create(null), 'unprintable value'],
    [
      'a getter that throws',
      Object.defineProperty(new Error('x'), 'message', {
        get() {
          throw new Error('no');
        },
      }),
      'unprintable value',
    ],
  ])('%s', (_what, error, message) => {
    expect(safeMessage(error)).toBe(message);
  });
});
