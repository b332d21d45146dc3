import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationMs, formatMs, tryDurationMs } from '../../../src/core/duration.ts';

describe('durationMs', () => {
  it.each([
    ['0ms', 0],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['500us', 0.5],
    [' 2s ', 2_000],
  ])('%s', (text, ms) => {
    expect(durationMs(text as '1s')).toBe(ms);
  });

  it.each(['', '5', '5 s', '-1s', '1e3ms', '1,5s', 's', '1w', '1S', '.5s', '1.s', 'Infinityms', `${'9'.repeat(16)}ms`])(
    'refuses "%s" and says what it is for',
    (text) => {
      expect(tryDurationMs(text)).toBeUndefined();
      expect(() => durationMs(text as '1s', 'limit')).toThrow(
        new RangeError(`Cannot use "${text}" as limit: expected a number with a unit, such as "250ms", "2s" or "1h"`),
      );
    },
  );

  it.each([5, null, undefined, {}, [], ['5s']])('refuses what is no text: %j', (value) => {
    expect(tryDurationMs(value)).toBeUndefined();
  });
});

describe('formatMs', () => {
  it.each([
    [0, '0ms'],
    [0.0123, '12.3us'],
    [1, '1ms'],
    [999.4, '999ms'],
    [1_532, '1.53s'],
    [90_000, '1.5m'],
    [5_400_000, '1.5h'],
    [172_800_000, '2d'],
    [-1_532, '-1.53s'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ])('%d is %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });

  it('can be read back, to three digits', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 86_400_000, noNaN: true }), (ms) => {
        const back = tryDurationMs(formatMs(ms)) as number;
        expect(Math.abs(back - ms) / ms).toBeLessThanOrEqual(0.005_001);
      }),
    );
  });
});
