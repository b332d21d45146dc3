import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../src/resilience/token-bucket.ts';

// The expectations are those of the tables in golang.org/x/time/rate's own tests; a step is 100 ms.
const t = (step: number): number => 1_000 + step * 100;
const bucket = (rate: number, burst: number, perMs = 1_000): TokenBucket => new TokenBucket({ rate, perMs, burst });

/** Go's `AllowN`. */
function allow(own: TokenBucket, nowMs: number, n: number): boolean {
  const delayMs = own.delayMs(nowMs, n);
  if (delayMs === 0) own.take(nowMs, n, 0);
  return delayMs === 0;
}

/** Go's `ReserveN`, with the longest wait; the step at which it may act. */
function reserve(own: TokenBucket, step: number, n: number, maxMs = Number.POSITIVE_INFINITY): { actStep: number; cancel(atStep: number): void } | undefined {
  const delayMs = own.delayMs(t(step), n);
  if (delayMs > maxMs || delayMs === Number.POSITIVE_INFINITY) return undefined;
  const actMs = own.take(t(step), n, delayMs);
  return { actStep: Math.round((actMs - t(0)) / 100), cancel: (atStep) => t(atStep) <= actMs && own.giveBack(t(atStep), n, actMs) };
}

describe('tokens and what is allowed', () => {
  it.each<[string, number, readonly [step: number, tokens: number, n: number, ok: boolean][]]>([
    [
      'a burst of 1',
      1,
      [
        [0, 1, 1, true],
        [0, 0, 1, false],
        [0, 0, 1, false],
        [1, 1, 1, true],
        [1, 0, 1, false],
        [1, 0, 1, false],
        [2, 1, 2, false], // more than the burst never fits
        [2, 1, 1, true],
        [2, 0, 1, false],
      ],
    ],
    [
      'a burst of 3',
      3,
      [
        [0, 3, 2, true],
        [0, 1, 2, false],
        [0, 1, 1, true],
        [0, 0, 1, false],
        [1, 1, 4, false],
        [2, 2, 1, true],
        [3, 2, 1, true],
        [4, 2, 1, true],
        [4, 1, 1, true],
        [4, 0, 1, false],
        [4, 0, 1, false],
        [9, 3, 3, true],
        [9, 0, 0, true],
      ],
    ],
    [
      'time that goes back',
      3,
      [
        [1, 3, 1, true],
        [0, 2, 1, true],
        [0, 1, 1, true],
        [0, 0, 1, false],
        [0, 0, 1, false],
        [1, 1, 1, true],
        [1, 0, 1, false],
        [1, 0, 1, false],
        [2, 1, 1, true],
        [2, 0, 1, false],
        [2, 0, 1, false],
      ],
    ],
    [
      'a burst of 0',
      0,
      [
        [0, 0, 1, false],
        [9, 0, 1, false],
        [9, 0, 0, true],
      ],
    ],
  ])('%s, 10 a second', (_what, burst, steps) => {
    const own = bucket(10, burst);
    expect(steps.map(([step, , n]) => [step, own.tokensAt(t(step)), n, allow(own, t(step), n)])).toEqual(steps);
  });

  it('are not lost to rounding', () => {
    expect(allow(bucket(0.7692307692307693, 1), t(0), 1)).toBe(true);
    const own = bucket(3, 1);
    allow(own, 1_000, 1);
    expect(allow(own, 1_000 + 1_000 / 3, 1)).toBe(true);
  });

  it('come at the long-running rate, and never faster', () => {
    const own = bucket(100, 100);
    let granted = 0;
    for (let ms = 0; ms < 5_000; ms += 2) if (allow(own, 1_000 + ms, 1)) granted++;
    const ideal = 100 + 100 * 5;
    expect(granted).toBeLessThanOrEqual(ideal + 1);
    expect(granted).toBeGreaterThanOrEqual(0.999 * ideal - 1);
  });

  it.each([
    [0, 1],
    [1e-10, 1],
  ])('with a rate of %d a second are the burst, and then none', (rate, burst) => {
    const own = bucket(rate, burst);
    expect([allow(own, t(0), 1), allow(own, t(0), 1), allow(own, t(1_000), 1)]).toEqual([true, false, false]);
  });

  it('are not asked for at an infinite rate, whatever the burst', () => {
    const own = bucket(Number.POSITIVE_INFINITY, 0);
    expect([allow(own, t(0), 3), allow(own, t(0), 1_000_000), reserve(own, 0, 3)?.actStep]).toEqual([true, true, 0]);
  });

  it('are counted in fractions', () => {
    const own = bucket(10, 2);
    expect([allow(own, t(0), 1.5), allow(own, t(0), 0.6), allow(own, t(0), 0.5), own.tokensAt(t(0.5))]).toEqual([true, false, true, 0.5]);
  });
});

describe('reservations', () => {
  it('act later, one after the other', () => {
    const own = bucket(10, 2);
    expect([reserve(own, 0, 2), reserve(own, 0, 2), reserve(own, 3, 2)].map((r) => r?.actStep)).toEqual([0, 2, 4]);
  });

  it('mix with what is allowed at once', () => {
    const own = bucket(10, 2);
    expect(reserve(own, 0, 3)).toBeUndefined();
    expect(reserve(own, 0, 2)?.actStep).toBe(0);
    expect(allow(own, t(1), 2)).toBe(false);
    expect(reserve(own, 1, 2)?.actStep).toBe(2);
    expect([own.tokensAt(t(1)), allow(own, t(1), 1)]).toEqual([-1, false]);
    expect([own.tokensAt(t(3)), allow(own, t(3), 1)]).toEqual([1, true]);
  });

  it('may be bounded, and one that is refused changes nothing', () => {
    const own = bucket(10, 2);
    expect([reserve(own, 0, 2, 100)?.actStep, reserve(own, 0, 1, 100)?.actStep, reserve(own, 0, 1, 100)]).toEqual([0, 1, undefined]);
    expect(reserve(own, 0, 1, 200)?.actStep).toBe(2);
  });

  it('keep Go’s rules where time goes back', () => {
    const own = bucket(10, 2);
    expect([reserve(own, 1, 2)?.actStep, reserve(own, 0, 1)?.actStep, reserve(own, 2, 2)?.actStep]).toEqual([1, 1, 3]);
    expect(reserve(own, 0, 3)).toBeUndefined();
    expect(reserve(own, 2, 1)?.actStep).toBe(4);
    expect(reserve(own, 0, 2, 100)).toBeUndefined();
    expect(reserve(own, 2, 1)?.actStep).toBe(5);
  });
});

describe('what is given back', () => {
  /** Reservations as [step, n], one of them cancelled, and when the next one may act. */
  it.each<
    [
      string,
      {
        burst?: number;
        made: readonly [step: number, n: number][];
        cancel: readonly [which: number, step: number][];
        next: [step: number, n: number];
        acts: number;
      },
    ]
  >([
    [
      'the last one: all of it',
      {
        made: [
          [0, 2],
          [0, 2],
        ],
        cancel: [[1, 1]],
        next: [1, 2],
        acts: 2,
      },
    ],
    [
      'one that has acted: nothing',
      {
        made: [
          [0, 2],
          [0, 2],
        ],
        cancel: [[1, 3]],
        next: [3, 2],
        acts: 4,
      },
    ],
    [
      'one whose tokens were promised on: nothing',
      {
        made: [
          [0, 2],
          [0, 1],
          [0, 1],
        ],
        cancel: [[1, 0]],
        next: [0, 1],
        acts: 3,
      },
    ],
    [
      'one whose tokens were partly promised on: the rest',
      {
        made: [
          [0, 2],
          [0, 2],
          [0, 1],
        ],
        cancel: [[1, 2]],
        next: [2, 2],
        acts: 4,
      },
    ],
    [
      'several',
      {
        burst: 4,
        made: [
          [0, 4],
          [0, 3],
          [0, 1],
          [0, 1],
        ],
        cancel: [
          [3, 1],
          [1, 1],
        ],
        next: [1, 3],
        acts: 5,
      },
    ],
    [
      'where time goes back',
      {
        made: [
          [1, 2],
          [1, 2],
          [1, 1],
        ],
        cancel: [[1, 0]],
        next: [1, 2],
        acts: 4,
      },
    ],
  ])('of %s', (_what, { burst = 2, made, cancel, next, acts }) => {
    const own = bucket(10, burst);
    const reservations = made.map(([step, n]) => reserve(own, step, n));
    for (const [which, step] of cancel) reservations[which]?.cancel(step);
    expect(reserve(own, ...next)?.actStep).toBe(acts);
  });

  it('is all of two that were the last ones, though the moments that they come to differ in the last digit', () => {
    const own = bucket(7, 2);
    const take = (nowMs: number, n: number): number => own.take(nowMs, n, own.delayMs(nowMs, n));
    take(1_000, 2);
    const [first, second] = [take(1_015, 1), take(1_015, 2)];
    expect(take(1_104, 0)).not.toBe(second);
    own.giveBack(1_104, 2, second);
    own.giveBack(1_104, 1, first);
    expect(own.tokensAt(1_104)).toBeCloseTo(0.104 * 7);
  });
});
