import { getHeapStatistics } from 'node:v8';
import type { Attributes } from '../core/attributes.ts';
import { clock, type TimerHandle } from '../core/clock.ts';

const BEAT_MS = 500; // two timers a second; a delay is known to half a second at once, and exactly afterwards
const FRESH_MS = 100; // memory does not change much faster, and a storm must not pay for it on every record

/** How the process was at the moment of an error. */
export interface Vitals {
  read(): Attributes;
  stop(): void;
}

/** Watches the delay of the event loop with a timer that does not hold the process. */
export function watchVitals(): Vitals {
  const own = clock; // a test that puts another in place meanwhile would find a timer of ours among its own
  let dueMono = own.mono() + BEAT_MS;
  let lastDelayMs = 0;
  let timer: TimerHandle | undefined;
  const beat = (): void => {
    lastDelayMs = Math.max(0, own.mono() - dueMono);
    dueMono = own.mono() + BEAT_MS;
    timer = own.setTimeout(beat, BEAT_MS);
  };
  timer = own.setTimeout(beat, BEAT_MS);
  let read: Attributes = {};
  let freshUntil = Number.NEGATIVE_INFINITY;
  return {
    read() {
      const now = own.mono();
      if (now < freshUntil) return read;
      freshUntil = now + FRESH_MS;
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      read = {
        'process.uptime': Math.round(process.uptime() * 1_000) / 1_000,
        'process.memory.rss': process.memoryUsage.rss(),
        'process.memory.heap_used': used,
        'process.memory.heap_limit': limit,
        // A loop that is blocked right now has not run the timer: then the time since it was due counts.
        'nodejs.eventloop.delay': Math.round(Math.max(lastDelayMs, now - dueMono)) / 1_000,
      };
      return read;
    },
    stop() {
      if (timer !== undefined) own.clearTimeout(timer);
    },
  };
}
