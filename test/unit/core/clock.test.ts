import { expect, it } from 'vitest';
import { clock, epochOffset, systemClock, useClock } from '../../../src/core/clock.ts';

it("is the machine's until another is put in place", () => {
  expect(clock).toBe(systemClock);
  const other = { ...systemClock, now: () => 5 };
  const restore = useClock(other);
  expect(clock.now()).toBe(5);
  restore();
  expect(clock).toBe(systemClock);
});

it('does not hold the process by its timers, which can be cleared', async () => {
  let fired = false;
  const timer = systemClock.setTimeout(() => {
    fired = true;
  }, 1);
  expect((timer as NodeJS.Timeout).hasRef()).toBe(false);
  systemClock.clearTimeout(timer);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(fired).toBe(false);
});

it('counts monotonic milliseconds', () => {
  const first = systemClock.mono();
  expect(systemClock.mono()).toBeGreaterThanOrEqual(first);
  const before = performance.now();
  const mono = systemClock.mono();
  const after = performance.now();
  expect(mono).toBeGreaterThan(before - 1);
  expect(mono).toBeLessThan(after + 1);
});

it('joins the two clocks by one offset while they agree, and by another when the wall clock is set', () => {
  let wall = 1_000_000;
  let mono = 500;
  const restore = useClock({ ...systemClock, now: () => Math.floor(wall), mono: () => mono });
  try {
    const first = epochOffset();
    expect(first).toBe(999_500);
    // A second later the wall clock says a millisecond less: it tells whole ones and is slewed.
    wall += 999;
    mono += 1_000;
    expect(epochOffset()).toBe(first);
    wall += 60_000;
    expect(epochOffset()).toBe(first + 59_999);
  } finally {
    restore();
  }
});

it('keeps the offset where the thread was put off between the readings of the two clocks', () => {
  let mono = 500;
  let stallMs = 0;
  const stalled = (): number => {
    mono += stallMs;
    stallMs = 0;
    return mono;
  };
  const restore = useClock({ ...systemClock, now: () => 1_000_000 + mono, mono: stalled });
  try {
    expect(epochOffset()).toBe(1_000_000);
    stallMs = 90;
    expect(epochOffset()).toBe(1_000_000);
  } finally {
    restore();
  }
});
