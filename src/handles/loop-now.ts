import type { TimerInternals } from './timer-log.ts';

// Kept from before any patch or fake timer.
const plainSetTimeout = globalThis.setTimeout;
const plainClearTimeout = globalThis.clearTimeout;

/** The event loop's own time, in which timers are stamped (`_idleStart`): read from a timer made for it. Milliseconds. */
export function loopNow(): number {
  const probe = plainSetTimeout(() => {}, 1);
  plainClearTimeout(probe);
  return (probe as unknown as TimerInternals)._idleStart;
}
