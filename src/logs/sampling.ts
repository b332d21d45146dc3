import { clock } from '../core/clock.ts';
import { LINE_LEVELS, type LineLevel } from '../core/level.ts';

/** Sampling as zap's: of equal lines (level and message) in a tick the first ones pass, then every so-many-th. */
export interface SamplingOptions {
  /** Length of a tick, milliseconds; default 1,000. */
  readonly tickMs?: number;
  /** Equal lines that pass in each tick; default 100. */
  readonly first?: number;
  /** After those, every this-many-th passes; 0: none. Default 100. */
  readonly thereafter?: number;
}

/** A token bucket over all lines, with the semantics of Go's x/time/rate. */
export interface RateLimitOptions {
  readonly perSecond: number;
  /** Lines that may come at once; default one second's worth. */
  readonly burst?: number;
}

/** Answers whether a line passes. */
export type Gate = (level: LineLevel, message: unknown) => boolean;

/** zap's number of counters a level: collisions of messages are rare enough, and the memory is fixed. */
const COUNTERS = 4_096;

/** Makes the gate of zap's sampler. */
export function sampler({ tickMs = 1_000, first = 100, thereafter = 100 }: SamplingOptions): Gate {
  for (const [name, value, least] of [
    ['tickMs', tickMs, 1],
    ['first', first, 0],
    ['thereafter', thereafter, 0],
  ] as const) {
    if (!(Number.isInteger(value) && value >= least))
      throw new RangeError(`Cannot sample log lines: ${name} is ${value}, expected a whole number from ${least}`);
  }
  const counts = new Float64Array(LINE_LEVELS.length * COUNTERS);
  const resetAt = new Float64Array(LINE_LEVELS.length * COUNTERS).fill(Number.NEGATIVE_INFINITY);
  return (level, message) => {
    const slot = LINE_LEVELS.indexOf(level) * COUNTERS + (hash(message) % COUNTERS);
    const now = clock.mono();
    if (now >= (resetAt[slot] as number)) {
      resetAt[slot] = now + tickMs;
      counts[slot] = 0;
    }
    const count = (counts[slot] as number) + 1;
    counts[slot] = count;
    return count <= first || (thereafter > 0 && (count - first) % thereafter === 0);
  };
}

/** Makes the gate of a token bucket. */
export function rateLimiter({ perSecond, burst = Math.max(1, Math.ceil(perSecond)) }: RateLimitOptions): Gate {
  if (!(perSecond > 0 && Number.isFinite(perSecond))) throw new RangeError(`Cannot limit log lines: perSecond is ${perSecond}, expected a number above 0`);
  if (!(Number.isInteger(burst) && burst > 0)) throw new RangeError(`Cannot limit log lines: burst is ${burst}, expected a whole number from 1`);
  let tokens = burst;
  let last = clock.mono();
  return () => {
    const now = clock.mono();
    tokens = Math.min(burst, tokens + ((now - last) * perSecond) / 1_000);
    last = now;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}

/** FNV-1a over the message before its arguments are put in, so that all lines of one call are equal. */
function hash(message: unknown): number {
  const text = typeof message === 'string' ? message : '';
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length && i < 256; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
