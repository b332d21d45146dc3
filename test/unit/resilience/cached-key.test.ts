import fc from 'fast-check';
import { expect, it } from 'vitest';
import { idOf, isKeyOf, keyOf, textOf } from '../../../src/resilience/cached-key.ts';

const primitive = fc.oneof(
  fc.string(),
  fc.constantFrom('', '\0', '\x000:s1:a', 's1:a', 'n1;', '1', 'true', 'undefined', 'null', 'NaN', '-0'),
  fc.integer({ min: -2, max: 2 }),
  fc.double(),
  fc.bigInt({ min: -2n, max: 2n }),
  fc.boolean(),
  fc.constantFrom(undefined, null, Number.NaN, 0, -0),
);
const args = fc.array(primitive, { maxLength: 3 });
const same = (a: readonly unknown[], b: readonly unknown[]): boolean => a.length === b.length && a.every((item, i) => Object.is(item, b[i]));

it('calls have one key exactly if their arguments are the same and their objects are', () => {
  const id = fc.integer({ min: 0, max: 2 });
  fc.assert(
    fc.property(id, args, id, args, (a, first, b, second) => {
      const keys = [keyOf(a, first), keyOf(b, second)];
      expect(keys).not.toContain(undefined);
      expect(Object.is(keys[0], keys[1])).toBe(a === b && same(first, second));
    }),
    { numRuns: 2_000 },
  );
});

it('a key is found by its arguments, whatever its object', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99 }), args, args, (id, first, second) => {
      expect(isKeyOf(keyOf(id, first) ?? '', textOf(second) ?? '')).toBe(same(first, second));
    }),
  );
});

it.each([[{}], [[]], [() => 1], [Symbol('a')], [new Date()]])('%s has no key', (arg) => {
  expect([keyOf(0, [arg]), keyOf(1, ['a', arg])]).toEqual([undefined, undefined]);
});

it('an object has one number, another has another, none has 0', () => {
  const object = {};
  expect(idOf(object)).toBe(idOf(object));
  expect(idOf(object)).not.toBe(idOf({}));
  expect([idOf(undefined), idOf(null), idOf('text'), typeof idOf(class {})]).toEqual([0, 0, undefined, 'number']);
});
