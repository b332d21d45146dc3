import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock, useClock } from '../../../src/core/clock.ts';
import { watchVitals } from '../../../src/errors/vitals.ts';

let restore: (() => void) | undefined;
afterEach(() => restore?.());

/** A clock that the test moves; the timers that are due run on the way. */
function moving(): { move(ms: number, blocked?: boolean): void } {
  let mono = 1_000;
  let timers: { fn: () => void; at: number }[] = [];
  const clock: Clock = {
    ...systemClock,
    mono: () => mono,
    setTimeout(fn, ms) {
      timers.push({ fn, at: mono + ms });
      return timers.length;
    },
    clearTimeout: () => {
      timers = [];
    },
  };
  restore = useClock(clock);
  return {
    move(ms, blocked = false) {
      mono += ms;
      if (blocked) return;
      const due = timers.filter((timer) => timer.at <= mono);
      timers = timers.filter((timer) => timer.at > mono);
      for (const timer of due) timer.fn();
    },
  };
}

describe('vitals', () => {
  it('tell memory and uptime', () => {
    const vitals = watchVitals();
    const read = vitals.read();
    vitals.stop();
    expect(read['process.uptime']).toBeGreaterThan(0);
    expect(read['process.memory.rss']).toBeGreaterThan(10_000_000);
    expect(read['process.memory.heap_used']).toBeGreaterThan(1_000_000);
    expect(read['process.memory.heap_limit']).toBeGreaterThan(read['process.memory.heap_used'] as number);
  });

  it('tell how late the event loop is, in seconds: none, the last delay, one that lasts still', () => {
    const time = moving();
    const vitals = watchVitals();
    time.move(500);
    expect(vitals.read()['nodejs.eventloop.delay']).toBe(0);
    time.move(740);
    expect(vitals.read()['nodejs.eventloop.delay']).toBe(0.24);
    time.move(2_500, true);
    expect(vitals.read()['nodejs.eventloop.delay']).toBe(2);
    vitals.stop();
  });

  it('are read at most ten times a second', () => {
    const time = moving();
    const vitals = watchVitals();
    const first = vitals.read();
    time.move(99);
    expect(vitals.read()).toBe(first);
    time.move(1);
    expect(vitals.read()).not.toBe(first);
    vitals.stop();
  });
});
