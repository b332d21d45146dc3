import { expect, it } from 'vitest';
import { clock, systemClock, useClock } from '../../../src/core/clock.ts';

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
  expect(Math.abs(systemClock.mono() - performance.now())).toBeLessThan(50);
});
