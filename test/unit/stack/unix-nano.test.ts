import { expect, it } from 'vitest';
import { msOfNano } from '../../../src/stack/lookup/unix-nano.ts';

it('gives back every whole millisecond: a double of nanoseconds has no place for a quarter of them', () => {
  const first = 1_795_258_614_000;
  const wrong = Array.from({ length: 1_000 }, (_, i) => first + i).filter((ms) => msOfNano(`${ms}000000`) !== ms);
  expect(wrong).toEqual([]);
  expect(msOfNano(1_795_258_614_486_250_000n)).toBe(1_795_258_614_486.25);
});
