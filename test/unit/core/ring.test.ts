import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Ring } from '../../../src/core/ring.ts';

it('keeps the latest items in order and counts the rest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.integer(), { maxLength: 30 }), (capacity, items) => {
      const ring = new Ring<number>(capacity);
      for (const item of items) ring.push(item);
      expect(ring.toArray()).toEqual(items.slice(-capacity));
      expect([ring.size, ring.forgotten]).toEqual([Math.min(items.length, capacity), Math.max(0, items.length - capacity)]);
    }),
  );
});

it('starts anew after clear', () => {
  const ring = new Ring<string>(2);
  for (const item of ['a', 'b', 'c']) ring.push(item);
  ring.clear();
  ring.push('d');
  expect([ring.toArray(), ring.size]).toEqual([['d'], 1]);
});

it.each([0, -1, 1.5, Number.NaN])('refuses a capacity of %d', (capacity) => {
  expect(() => new Ring(capacity)).toThrow(new RangeError(`Cannot make a ring of ${capacity}: expected a whole number from 1`));
});
