import { MAX_TIMER_MS } from '../core/clock.ts';
import { type Duration, tryDurationMs } from '../core/duration.ts';

const MAX_SHOWN = 100; // characters of what was given

/** Reads an option that is waited for, in milliseconds; throws what `refuse` makes of a problem. */
export function readWaitMs(option: string, given: Duration | undefined, refuse: (problem: string) => TypeError): number {
  const ms = tryDurationMs(given);
  if (ms !== undefined && ms > 0 && ms <= MAX_TIMER_MS) return ms;
  if (given === undefined) throw refuse(`option "${option}" is missing, expected a duration such as "2s"`);
  if (typeof given !== 'string') throw refuse(`option "${option}" is ${given === null ? 'null' : `a ${typeof given}`}, expected a duration such as "2s"`);
  const expected = ms === undefined ? 'a duration such as "2s"' : 'more than 0 and at most 24 days';
  throw new RangeError(refuse(`option "${option}" is "${given.slice(0, MAX_SHOWN)}", expected ${expected}`).message);
}
