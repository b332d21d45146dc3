import { describe, expect, it } from 'vitest';
import { type BackoffOptions, readBackoff } from '../../../src/resilience/backoff.ts';

const waits = (options: BackoffOptions, count: number): number[] => {
  const next = readBackoff(options, (problem) => new TypeError(problem)).start();
  return Array.from({ length: count }, next);
};

describe('waits without chance', () => {
  it('double up to the longest, by default from 100ms to 30s', () => {
    expect(waits({ jitter: 'none' }, 11)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  });
  it('grow by the factor', () => {
    const tripled = waits({ jitter: 'none', initial: '10ms', max: '1s', factor: 3 }, 6);
    for (const [i, ms] of [10, 30, 90, 270, 810, 1_000].entries()) expect(tripled[i]).toBeCloseTo(ms, 6);
    expect(waits({ jitter: 'none', factor: 1 }, 3)).toEqual([100, 100, 100]);
  });
  it('begin anew for each call, and stay bounded for ever', () => {
    const backoff = readBackoff({ jitter: 'none' }, (problem) => new TypeError(problem));
    expect([backoff.start()(), backoff.start()()]).toEqual([100, 100]);
    for (const jitter of ['decorrelated', 'full', 'half', 'none'] as const)
      expect(waits({ jitter, factor: 100 }, 2_000).every((ms) => ms >= 0 && ms <= 30_000)).toBe(true);
  });
});

describe('chance', () => {
  const many = (options: BackoffOptions): number[] => Array.from({ length: 500 }, () => waits(options, 3)[2] as number);
  it.each<[NonNullable<BackoffOptions['jitter']>, number, number]>([
    ['full', 0, 400],
    ['half', 200, 400],
    ['decorrelated', 0, 1_000],
  ])('%s lies between %d and %d at the third wait of 400ms', (jitter, from, to) => {
    const seen = many({ jitter });
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(from);
    expect(Math.max(...seen)).toBeLessThanOrEqual(to);
    expect(new Set(seen).size).toBeGreaterThan(50);
  });
});
