import { type Duration, tryDurationMs } from '../core/duration.ts';
import type { Wrapper } from '../core/wrapper.ts';
import { gated } from './gated.ts';
import { Members } from './members.ts';
import { Limiter, type LimiterRules, type Reservation } from './rate-limit-member.ts';
import type { BucketShape } from './token-bucket.ts';
import { type NamedOptions, type WrapperForms, wrapperForms } from './wrapper-forms.ts';

/** A token bucket. */
export interface RateTier {
  /** Calls that may begin in each `per`; `Infinity` lets all pass, 0 only the burst, once. */
  readonly rate: number;
  /** Default `'1s'`. */
  readonly per?: Duration;
  /** Calls that may begin at once after a pause; default: those of one `per`, at least 1. 0 lets none pass. */
  readonly burst?: number;
}

/** What {@link rateLimit} can be told: one bucket (`rate`, `per`, `burst`) or several (`tiers`). */
export interface RateLimitOptions extends NamedOptions, Partial<RateTier> {
  /** Several buckets; all must let a call pass. */
  readonly tiers?: readonly RateTier[];
  /** Whether a call waits for its turn: `false` (default) refuses it at once, a {@link Duration} waits at most so long, `true` until its scope's deadline. */
  readonly wait?: boolean | Duration;
  /** Tokens that a call takes, of its arguments; default 1. */
  // biome-ignore lint/suspicious/noExplicitAny: the function is not known yet
  readonly cost?: (...args: any[]) => number;
  /** A bucket for each value, such as a customer, of the call's arguments: a text or a number. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly key?: (...args: any[]) => unknown;
  /** Keys that are kept, those used last; default 10,000. One that is dropped begins with full buckets. */
  readonly maxKeys?: number;
}

/** A {@link rateLimit} that can be put around functions, or asked by code that is none. With keys the last argument says which. */
export interface RateLimiter extends Wrapper {
  /** Tokens there are now, below 0 by what is promised; of several tiers or keys the fewest. */
  readonly available: number;
  /** Takes `n` tokens (default 1) if they are there. Go's `AllowN`. */
  tryAcquire(n?: number, key?: unknown): boolean;
  /** Takes `n` tokens and says when they may be used. Go's `ReserveN`. */
  reserve(n?: number, key?: unknown): Reservation;
  /** Waits for `n` tokens, also where `wait` is `false`; rejects with `RateLimited` where they come too late. Go's `WaitN`. */
  wait(n?: number, key?: unknown): Promise<void>;
}

const limiters = new Members<Limiter>('rateLimit', [
  {
    type: 'gauge',
    name: 'resilience4j_ratelimiter_available_permissions',
    help: 'Tokens of a rate limit, below 0 by what is promised; of several tiers or keys the fewest',
    labels: ['name'],
    read: ({ available }) => (available === Number.POSITIVE_INFINITY ? [] : [{ value: available }]),
  },
  {
    type: 'gauge',
    name: 'resilience4j_ratelimiter_waiting_threads',
    help: 'Calls that wait for a rate limit',
    labels: ['name'],
    read: (limiter) => [{ value: limiter.waiting }],
  },
  {
    type: 'counter',
    name: 'resilience4j_ratelimiter_refused_calls_total',
    help: 'Calls that a rate limit refused',
    labels: ['name'],
    read: (limiter) => [{ value: limiter.refused }],
  },
]);

/**
 * Lets so many calls begin in a time, and so many at once after a pause; further ones are refused, or wait for their turn.
 *
 * Shape: a wrapper, and the limiter itself: `tryAcquire`, `reserve`, `wait`. Functions that answer at once never wait; nor does a
 * function that is not `async` until it has returned its first promise. Who waits is served in the order of coming, keeps the
 * process alive, and gives its tokens back when its scope is aborted. A generator counts with its first step. Rate limits of
 * one name are one. Each process counts for itself.
 * Units: `per` and `wait` are {@link Duration}s; the clock is monotonic; tokens have fractions.
 * Errors: a refused call throws (an `async` one rejects with) {@link RateLimited}, status 429, with an error ID and `data.retryAfterMs`,
 * which an HTTP answer says as `Retry-After`; one that would wait past its deadline is refused at once. An abort ends the wait with
 * the signal's reason. A call that costs more than the burst never passes. Wrong options throw `TypeError` here, not on the call.
 * Source: Go's golang.org/x/time/rate; metrics as resilience4j's.
 *
 * @example
 * const send = rateLimit('docs.send', { tiers: [{ rate: 10, burst: 20 }, { rate: 1_000, per: '1h' }], wait: '2s' }, async (to: string) => to);
 * await send('a@example.org') === 'a@example.org';
 */
export const rateLimit: WrapperForms<RateLimitOptions, RateLimiter> = wrapperForms<RateLimitOptions, RateLimiter>(
  'rateLimit',
  ['name', 'rate', 'per', 'burst', 'tiers', 'wait', 'cost', 'key', 'maxKeys'],
  (options, refuse) => {
    const { name } = options;
    const rules = readRules(options, refuse);
    const create = (): Limiter => new Limiter(rules);
    const limiter = name === undefined ? create() : limiters.named(name, options, () => create().called(name));
    let isNamed = name !== undefined;
    return {
      wrap(fn, own) {
        if (!isNamed) limiters.unnamed(own, (free) => limiter.called(free));
        isNamed = true;
        return gated(fn, limiter);
      },
      face: {
        get available() {
          return limiter.available;
        },
        tryAcquire: (n?: number, key?: unknown) => limiter.tryAcquire(tokens(n), key),
        reserve: (n?: number, key?: unknown) => limiter.reserve(tokens(n), key),
        wait: async (n?: number, key?: unknown) => limiter.wait(tokens(n), key),
      },
    };
  },
);

function readRules(options: RateLimitOptions, refuse: (problem: string) => TypeError): LimiterRules {
  const { tiers, rate, per, burst, wait = false, cost, key, maxKeys = 10_000 } = options;
  if (tiers !== undefined && (rate !== undefined || per !== undefined || burst !== undefined))
    throw refuse('it has both tiers and a rate, per or burst of its own, expected one of them');
  if (tiers !== undefined && !(Array.isArray(tiers) && tiers.length > 0)) throw refuse('its tiers are no list, or an empty one, expected one tier or more');
  if (tiers === undefined && rate === undefined) throw refuse('it has no rate, expected rate and per, or tiers');
  for (const [what, given] of Object.entries({ cost, key })) {
    if (given !== undefined && typeof given !== 'function') throw refuse(`its ${what} is ${typeof given}, expected a function of the call's arguments`);
  }
  if (!Number.isSafeInteger(maxKeys) || maxKeys < 1) throw refuse(`its maxKeys is ${String(maxKeys)}, expected a whole number from 1`);
  if (options.maxKeys !== undefined && key === undefined) throw refuse('it has maxKeys but no key, expected both');
  const waitMs = wait === true ? Number.POSITIVE_INFINITY : wait === false ? 0 : tryDurationMs(wait);
  if (waitMs === undefined) throw refuse(`its wait is "${String(wait)}", expected true, false or a duration such as "2s"`);
  const shapes = (tiers ?? [{ rate, per, burst } as RateTier]).map((tier) => readTier(tier, refuse));
  return { shapes, waitMs, cost, key, maxKeys };
}

const TIER: readonly string[] = ['rate', 'per', 'burst'] satisfies (keyof RateTier)[];

function readTier(tier: RateTier, refuse: (problem: string) => TypeError): BucketShape {
  const given = Object(tier) as RateTier;
  const unknown = Object.keys(given).find((key) => !TIER.includes(key));
  if (unknown !== undefined) throw refuse(`unknown option "${unknown.slice(0, 100)}" of a tier, expected some of ${TIER.join(', ')}`);
  const { rate, per = '1s', burst = defaultBurst(rate) } = given;
  if (typeof rate !== 'number' || !(rate >= 0)) throw refuse(`its rate is ${String(rate)}, expected a number from 0`);
  const perMs = tryDurationMs(per);
  if (perMs === undefined || perMs === 0) throw refuse(`its per is "${String(per)}", expected a duration such as "1s"`);
  if (!Number.isFinite(burst) || burst < 0) throw refuse(`its burst is ${String(burst)}, expected a number from 0`);
  return { rate, perMs, burst };
}

function defaultBurst(rate: number): number {
  if (rate === 0 || rate === Number.POSITIVE_INFINITY) return 0;
  return Math.max(1, Math.floor(rate));
}

function tokens(n = 1): number {
  if (typeof n === 'number' && n >= 0) return n;
  throw new RangeError(`Cannot take ${String(n)} tokens: expected a number from 0`);
}
