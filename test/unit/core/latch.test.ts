import { expect, it } from 'vitest';
import { Latch } from '../../../src/core/latch.ts';

it('is settled from outside, once', async () => {
  const latch = new Latch<number>();
  expect(latch.released).toBe(false);
  latch.release(1);
  latch.release(2);
  expect([latch.released, await latch.promise]).toEqual([true, 1]);
});
