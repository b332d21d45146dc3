import { type Duration, tryDurationMs } from '../core/duration.ts';
import type { BreakerRules } from './breaker-state.ts';
import type { NamedOptions } from './wrapper-forms.ts';

/** What {@link breaker} can be told. */
export interface BreakerOptions extends NamedOptions {
  /** Which calls the rates are taken of: the last so many (default 100), or those of the last `'10s'`. */
  readonly window?: number | Duration;
  /** Opens after so many failures in a row, in place of a rate over a window. */
  readonly consecutive?: number;
  /** The share of failed calls from which it opens, over 0 to 1; default 0.5. */
  readonly failureRate?: number;
  /** How many calls the window must hold before a rate says anything; default 20, or all of a smaller window. */
  readonly minimumCalls?: number;
  /** A call that takes longer is slow: it opens the breaker by {@link slowCallRate}, with `consecutive` as a failure does. Without it none is. */
  readonly slowCall?: Duration;
  /** The share of slow calls from which it opens, over 0 to 1; default 0.5. */
  readonly slowCallRate?: number;
  /** How long it refuses calls before it tries again; default `30s`. Doubled each time the trial fails, up to {@link maxOpenFor}. */
  readonly openFor?: Duration;
  /** The longest it refuses calls; default ten times {@link openFor}. */
  readonly maxOpenFor?: Duration;
  /** How many calls are let through as the trial when that time is over; the others are refused. Default 3. */
  readonly halfOpenCalls?: number;
  /**
   * Whether an error tells that the service fails; what does not is ignored. Default: every error but those of `defineError` with a
   * status below 500, and refusals of other wrappers. A cancellation never is one.
   */
  readonly isFailure?: (error: unknown) => boolean;
  /** Whether the process is not ready (`/readyz` answers 503) while it is open; default `false`. */
  readonly critical?: boolean;
}

/** The names of the options. */
export const BREAKER_OPTIONS = [
  'name',
  'window',
  'consecutive',
  'failureRate',
  'minimumCalls',
  'slowCall',
  'slowCallRate',
  'openFor',
  'maxOpenFor',
  'halfOpenCalls',
  'isFailure',
  'critical',
] as const satisfies readonly (keyof BreakerOptions)[];

const DEFAULT_CALLS = 100;
const ENOUGH_CALLS = 20; // below, one failure more or less moves the rate by over 5 %
const MAX_CALLS = 100_000; // a place in memory each
const MIN_WINDOW_MS = 10;
const MAX_TRIALS = 1_000;

/** Reads the options of a breaker; throws what `refuse` makes of a problem. */
export function readBreakerOptions(options: BreakerOptions, refuse: (problem: string) => TypeError): BreakerRules {
  const { consecutive, window = DEFAULT_CALLS, failureRate = 0.5, slowCall, slowCallRate = 0.5, openFor = '30s', halfOpenCalls = 3 } = options;
  const outOfRange = (problem: string): RangeError => new RangeError(refuse(problem).message);
  const whole = (key: string, value: unknown, from: number, to: number): void => {
    if (!Number.isInteger(value) || (value as number) < from || (value as number) > to)
      throw outOfRange(`${key} is ${shown(value)}, expected a whole number from ${from} to ${to}`);
  };
  const share = (key: string, value: unknown): void => {
    if (typeof value !== 'number' || !(value > 0 && value <= 1))
      throw outOfRange(`${key} is ${shown(value)}, expected a share over 0 and up to 1, such as 0.5`);
  };
  const positive = (key: string, value: Duration): number => {
    const ms = tryDurationMs(value);
    if (ms === undefined || ms <= 0) throw outOfRange(`${key} is ${shown(value)}, expected a duration over 0 such as "30s"`);
    return ms;
  };
  if (consecutive !== undefined) {
    for (const key of ['window', 'failureRate', 'minimumCalls', 'slowCallRate'] as const) {
      if (options[key] !== undefined) throw refuse(`${key} and consecutive are both given, expected one of them`);
    }
    whole('consecutive', consecutive, 1, MAX_CALLS);
  }
  if (typeof window === 'number') whole('window', window, 1, MAX_CALLS);
  const windowMs = typeof window === 'number' ? undefined : positive('window', window);
  if (windowMs !== undefined && windowMs < MIN_WINDOW_MS) throw outOfRange(`window is ${window}, expected ${MIN_WINDOW_MS}ms or more`);
  const minimumCalls = options.minimumCalls ?? (typeof window === 'number' ? Math.min(window, ENOUGH_CALLS) : ENOUGH_CALLS);
  whole('minimumCalls', minimumCalls, 1, typeof window === 'number' ? window : MAX_CALLS);
  share('failureRate', failureRate);
  share('slowCallRate', slowCallRate);
  if (slowCall === undefined && options.slowCallRate !== undefined) throw refuse('slowCallRate is given without slowCall, expected both');
  whole('halfOpenCalls', halfOpenCalls, 1, MAX_TRIALS);
  const openMs = positive('openFor', openFor);
  const maxOpenMs = options.maxOpenFor === undefined ? 10 * openMs : positive('maxOpenFor', options.maxOpenFor);
  if (maxOpenMs < openMs) throw outOfRange(`maxOpenFor is ${options.maxOpenFor}, expected openFor (${openFor}) or more`);
  if (options.isFailure !== undefined && typeof options.isFailure !== 'function') throw refuse(`isFailure is ${typeof options.isFailure}, expected a function`);
  if (options.critical !== undefined && typeof options.critical !== 'boolean') throw refuse(`critical is ${typeof options.critical}, expected true or false`);
  return {
    consecutive,
    window: windowMs === undefined ? { calls: window as number } : { ms: windowMs },
    failureRate,
    minimumCalls,
    slowMs: slowCall === undefined ? undefined : positive('slowCall', slowCall),
    slowRate: slowCallRate,
    openMs,
    maxOpenMs,
    trials: halfOpenCalls,
  };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 100)}"` : typeof value === 'number' ? String(value) : typeof value;
}
