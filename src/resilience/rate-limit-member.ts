import { createRequire } from 'node:module';
import type { LRUCache } from 'lru-cache';
import { clock } from '../core/clock.ts';
import { warn } from '../core/diag.ts';
import { formatMs } from '../core/duration.ts';
import { errorType } from '../core/error-type.ts';
import { TimerSeries } from '../core/meters.ts';
import { currentScope } from '../core/scope.ts';
import type { AnyFunction } from '../core/wrapper.ts';
import { defineError } from '../errors/define-error.ts';
import type { Gate } from './gate.ts';
import { RateTiers } from './rate-limit-tiers.ts';
import { refusal } from './tell.ts';
import type { BucketShape } from './token-bucket.ts';

/** What a refusal by a rate limit says of it. */
export interface RateLimitedData {
  /** Calls that the limit lets begin in each `perMs`. */
  readonly limit: number;
  readonly perMs: number;
  /** When the call would have passed, in milliseconds from the refusal; absent where it never would. An HTTP answer says it as `Retry-After`. */
  readonly retryAfterMs?: number;
}

/**
 * The refusal of a `rateLimit()`: there are not enough tokens, and there will not be within the time that the call may wait.
 *
 * @example
 * const once = rateLimit({ rate: 1, per: '1h' }, () => 'sent');
 * once();
 * let refused;
 * try { once(); } catch (error) { refused = error; }
 * refused instanceof RateLimited && refused.data.retryAfterMs > 0;
 */
export const RateLimited = defineError<RateLimitedData>('sonde/rate-limited', {
  status: 429,
  title: 'Too many requests',
  public: 'There were too many requests. Try again later.',
  hint: 'Spread the calls, or raise the rate where what is behind it can take more.',
});

/** Tokens that are held for somebody who will use them later. */
export interface Reservation {
  /** Whether they will come at all: `false` where more was asked for than the burst. */
  readonly ok: boolean;
  /** How long until they may be used, in milliseconds from now; `Infinity` where `ok` is `false`. */
  readonly delayMs: number;
  /** Gives back what others were not made to wait longer for. Does nothing once they may be used. */
  cancel(): void;
}

/** What a limiter goes by, read and checked. */
export interface LimiterRules {
  readonly shapes: readonly BucketShape[];
  /** The longest wait in milliseconds; 0 refuses at once. */
  readonly waitMs: number;
  readonly cost: AnyFunction | undefined;
  readonly key: AnyFunction | undefined;
  readonly maxKeys: number;
}

const WAIT = { name: 'resilience4j_ratelimiter_wait_seconds', help: 'Time that calls waited for a rate limit, in vain or not', labels: ['name'] };
const NO_KEY = Symbol('no key');
const require = createRequire(import.meta.url);

/** A rate limit: its tokens (for each key, where there are keys), and those who wait for them. */
export class Limiter implements Gate {
  refused = 0;
  waiting = 0;
  #name = 'anonymous';
  #wait: TimerSeries | undefined;
  readonly #rules: LimiterRules;
  readonly #only: RateTiers;
  readonly #keyed: LRUCache<NonNullable<unknown>, RateTiers> | undefined;

  constructor(rules: LimiterRules) {
    this.#rules = rules;
    this.#only = new RateTiers(rules.shapes);
    if (rules.key) {
      const lru = require('lru-cache') as typeof import('lru-cache');
      this.#keyed = new lru.LRUCache({ max: rules.maxKeys });
    }
  }

  /** Says what it is called on metrics, events and errors. */
  called(name: string): this {
    this.#name = name;
    this.#wait = new TimerSeries(WAIT, { name });
    return this;
  }

  /** Tokens there are now; with keys those of the key that has fewest. */
  get available(): number {
    const nowMs = clock.mono();
    let fewest = this.#only.tokensAt(nowMs);
    if (this.#keyed) for (const tiers of this.#keyed.values()) fewest = Math.min(fewest, tiers.tokensAt(nowMs));
    return fewest;
  }

  enter(args: readonly unknown[], mayWait: boolean): Promise<void> | undefined {
    const { cost, waitMs } = this.#rules;
    const n = cost === undefined ? 1 : this.#costOf(cost, args);
    return this.#pass(this.#tiersOf(args), n, mayWait ? waitMs : 0);
  }

  tryAcquire(n: number, key: unknown): boolean {
    const isAllowed = this.#tiers(key).allow(clock.mono(), n);
    if (!isAllowed) this.refused++;
    return isAllowed;
  }

  reserve(n: number, key: unknown): Reservation {
    const tiers = this.#tiers(key);
    const nowMs = clock.mono();
    if (tiers.slowest(nowMs, n).delayMs === Number.POSITIVE_INFINITY) return { ok: false, delayMs: Number.POSITIVE_INFINITY, cancel() {} };
    const grant = tiers.reserve(nowMs, n);
    let isHeld = true;
    return {
      ok: true,
      get delayMs() {
        return Math.max(0, grant.actMs - clock.mono());
      },
      cancel() {
        const atMs = clock.mono();
        if (isHeld && atMs <= grant.actMs) tiers.giveBack(atMs, n, grant);
        isHeld = false;
      },
    };
  }

  async wait(n: number, key: unknown): Promise<void> {
    await this.#pass(this.#tiers(key), n, this.#rules.waitMs === 0 ? Number.POSITIVE_INFINITY : this.#rules.waitMs);
  }

  #pass(tiers: RateTiers, n: number, waitMs: number): Promise<void> | undefined {
    const nowMs = clock.mono();
    // Where somebody waits, whoever may wait stands behind him.
    if ((waitMs === 0 || tiers.waiting === 0) && tiers.allow(nowMs, n)) return undefined;
    const slowest = tiers.slowest(nowMs, n);
    const { shape } = slowest;
    if (waitMs === 0 || slowest.delayMs === Number.POSITIVE_INFINITY) throw this.#refuse(shape, n, slowest.delayMs, '');
    const delayMs = Math.max(slowest.delayMs, tiers.lastActMs - nowMs);
    const limit = currentScope().limit;
    if (limit?.signal.aborted) return Promise.reject(limit.signal.reason);
    const leftMs = (limit?.deadlineMs ?? Number.POSITIVE_INFINITY) - nowMs;
    if (delayMs > waitMs) throw this.#refuse(shape, n, delayMs, `, longer than the ${formatMs(waitMs)} that it may wait`);
    if (delayMs > leftMs) throw this.#refuse(shape, n, delayMs, `, past its deadline in ${formatMs(Math.max(0, leftMs))}`);
    return this.#join(tiers, n, nowMs);
  }

  async #join(tiers: RateTiers, n: number, startMono: number): Promise<void> {
    const grant = tiers.reserve(startMono, n);
    this.waiting++;
    try {
      await tiers.line.join(grant.actMs);
    } catch (reason) {
      tiers.giveBack(clock.mono(), n, grant);
      throw reason;
    } finally {
      this.waiting--;
      this.#wait?.observe((clock.mono() - startMono) / 1_000);
    }
  }

  #tiersOf(args: readonly unknown[]): RateTiers {
    const { key } = this.#rules;
    if (key === undefined) return this.#only;
    try {
      return this.#tiers(key(...args));
    } catch (error) {
      warn(`rate-limit-key:${this.#name}`, `the key of the rate limit "${this.#name}" threw ${errorType(error)}; such calls share one bucket`);
      return this.#tiers(undefined);
    }
  }

  #tiers(key: unknown): RateTiers {
    if (this.#keyed === undefined) return this.#only;
    const known = this.#keyed.get(key ?? NO_KEY);
    if (known !== undefined) return known;
    const made = new RateTiers(this.#rules.shapes);
    this.#keyed.set(key ?? NO_KEY, made);
    return made;
  }

  #costOf(cost: AnyFunction, args: readonly unknown[]): number {
    let given: string;
    try {
      const n: unknown = cost(...args);
      if (typeof n === 'number' && n >= 0) return n;
      given = `is ${typeof n === 'number' ? n : typeof n}`;
    } catch (error) {
      given = `threw ${errorType(error)}`;
    }
    warn(`rate-limit-cost:${this.#name}`, `the cost of a call of the rate limit "${this.#name}" ${given}, expected a number from 0; such calls cost 1`);
    return 1;
  }

  #refuse({ rate, perMs, burst }: BucketShape, n: number, delayMs: number, why: string): Error {
    this.refused++;
    const isEver = delayMs !== Number.POSITIVE_INFINITY;
    const never = n > burst ? `it costs ${n}, which a burst of ${burst} never lets pass` : 'no more will come';
    const when = isEver ? `it would pass in ${formatMs(delayMs)}${why}` : never;
    const retryAfterMs = isEver ? Math.ceil(delayMs) : undefined;
    const error = new RateLimited(`Rate limit "${this.#name}" refuses a call: ${rate} per ${formatMs(perMs)} are used up, ${when}`, {
      data: { limit: rate, perMs, ...(retryAfterMs !== undefined && { retryAfterMs }) },
    });
    return refusal(error, 'rate_limit.refused', { 'sonde.resilience.name': this.#name, 'sonde.resilience.retry_after_ms': retryAfterMs });
  }
}
