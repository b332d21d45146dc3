import { type Duration, tryDurationMs } from '../core/duration.ts';
import type { AnyFunction, Wrapper } from '../core/wrapper.ts';
import { type CacheCounts, type CachePlan, CallCache } from './call-cache.ts';
import { Members } from './members.ts';
import { type NamedOptions, wrapperForms } from './wrapper-forms.ts';

/** What {@link cached} can be told; `F` is the function's type. */
export interface CachedOptions<F extends AnyFunction = AnyFunction> extends NamedOptions {
  /** How long a result is fresh; without one until it is the one that was asked for longest ago. */
  readonly ttl?: Duration;
  /** How much longer than `ttl` the old result is given while a new one is made, or where that fails. */
  readonly stale?: Duration;
  /** Results that are kept at most, those of all objects of a class together; default 1000. The one asked for longest ago goes first. */
  readonly max?: number;
  /** Makes a text of the arguments, where they are not all primitives or not all of them matter; `undefined`: this call is not cached. */
  readonly key?: (...args: Parameters<F>) => string | undefined;
}

/** A function with its cache. */
export type CachedFunction<F extends AnyFunction> = F & {
  /** Forgets the result for these arguments, that of every object where it is a method. */
  readonly invalidate: (...args: Parameters<F>) => void;
  /** Forgets all results. */
  readonly clear: () => void;
  /** Results that are held; expired ones that nobody asked for since count too. */
  readonly size: number;
};

/** A {@link Wrapper} whose functions show their cache. */
export interface CachedWrapper extends Wrapper {
  <F extends AnyFunction>(fn: F): CachedFunction<F>;
}

/** The forms of {@link cached}: name, options, function, in that order; each may be left out. */
export interface Cached extends CachedWrapper {
  <F extends AnyFunction>(name: string, fn: F): CachedFunction<F>;
  <F extends AnyFunction>(name: string, options: CachedOptions<F>, fn: F): CachedFunction<F>;
  <F extends AnyFunction>(options: CachedOptions<F>, fn: F): CachedFunction<F>;
  (name: string, options?: CachedOptions): CachedWrapper;
  (options?: CachedOptions): CachedWrapper;
}

class CacheMember implements CacheCounts {
  readonly name: string;
  hit = 0;
  miss = 0;
  stale = 0;
  shared = 0;
  #caches: WeakRef<CallCache>[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** A function that nobody holds any more takes its cache with it. */
  add(cache: CallCache): CallCache {
    this.#caches = [...this.#caches.filter((ref) => ref.deref() !== undefined), new WeakRef(cache)];
    return cache;
  }

  get entries(): number {
    return this.#caches.reduce((sum, ref) => sum + (ref.deref()?.size ?? 0), 0);
  }
}

const members = new Members<CacheMember>('cached', [
  {
    type: 'counter',
    name: 'sonde_cache_calls_total',
    help: 'Calls of cached functions, by where their result came from',
    labels: ['name', 'kind'],
    read: ({ hit, miss, stale, shared }) => [
      { labels: { kind: 'hit' }, value: hit },
      { labels: { kind: 'miss' }, value: miss },
      { labels: { kind: 'stale' }, value: stale },
      { labels: { kind: 'shared' }, value: shared },
    ],
  },
  { type: 'gauge', name: 'sonde_cache_entries', help: 'Results that cached functions hold', labels: ['name'], read: ({ entries }) => [{ value: entries }] },
]);

const DEFAULT_MAX = 1_000;
const MAX_MAX = 10_000_000; // a Map holds 16.7 million; the places are allocated at once

/**
 * Keeps what a function gave, and gives it again to calls with the same arguments.
 *
 * Shape: a wrapper, as {@link traced} is; the function also has `invalidate(...args)`, `clear()` and `size`. A synchronous function stays one.
 * Concurrent calls with the same arguments share one run: it is in the trace of the first, follows no single caller's abort, and is aborted when
 * all callers are gone. Methods of two objects share nothing. Arguments have to be primitives or there has to be a `key`, else the
 * call passes uncached and one line says so. Errors are not kept, nor is what can be read once (a stream, an iterator, a response).
 * Units: `ttl` and `stale` are durations with units, in whole milliseconds; the clock is monotonic.
 * Errors: what the function throws. A refresh that fails while the old result is given is reported and has an error ID. `TypeError` or
 * `RangeError` here for options that are none.
 * Source: lru-cache; singleflight in Go's x/sync; stale-while-revalidate and stale-if-error, RFC 5861.
 *
 * @example
 * let runs = 0;
 * const rate = cached({ ttl: '30s' }, async (pair: string) => `${pair} ${++runs}`);
 * const [first, second] = await Promise.all([rate('eurusd'), rate('eurusd')]);
 * first === 'eurusd 1' && second === 'eurusd 1' && rate.size === 1;
 * rate.invalidate('eurusd');
 * (await rate('eurusd')) === 'eurusd 2';
 */
export const cached: Cached = wrapperForms<CachedOptions>('cached', ['name', 'ttl', 'stale', 'max', 'key'], (options, refuse) => {
  const plan = planOf(options, refuse);
  return {
    wrap(fn, name) {
      const member = members.named(name, undefined, () => new CacheMember(name));
      return faced(member.add(new CallCache(fn, plan, member)));
    },
    shows: ['invalidate', 'clear', 'size'],
  };
}) as Cached;

function faced(cache: CallCache): AnyFunction {
  const call = function (this: unknown, ...args: unknown[]): unknown {
    return cache.call(this, args);
  };
  return Object.defineProperties(call, {
    invalidate: { value: (...args: unknown[]) => cache.invalidate(args), configurable: true },
    clear: { value: () => cache.clear(), configurable: true },
    size: { get: () => cache.size, configurable: true },
  });
}

function planOf(options: CachedOptions, refuse: (problem: string) => TypeError): CachePlan {
  const { max = DEFAULT_MAX, key } = options;
  if (!Number.isInteger(max) || max < 1 || max > MAX_MAX) {
    throw new RangeError(refuse(`option "max" is ${String(max)}, expected a whole number from 1 to ${MAX_MAX}`).message);
  }
  if (key !== undefined && typeof key !== 'function') throw refuse(`option "key" is ${typeof key}, expected a function of the arguments`);
  const ttlMs = timeOf('ttl', options.ttl, refuse);
  const staleMs = timeOf('stale', options.stale, refuse);
  if (staleMs !== undefined && ttlMs === undefined) throw refuse('option "stale" is there without "ttl", after which a result is stale');
  return { ttlMs, staleMs: staleMs ?? 0, max, key };
}

/** In whole milliseconds, as lru-cache wants them. */
function timeOf(option: 'ttl' | 'stale', duration: Duration | undefined, refuse: (problem: string) => TypeError): number | undefined {
  if (duration === undefined) return undefined;
  const ms = tryDurationMs(duration);
  if (ms === undefined || ms === 0) throw new RangeError(refuse(`option "${option}" is "${String(duration)}", expected a duration such as "30s"`).message);
  return Math.ceil(ms);
}
