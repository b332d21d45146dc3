import { createRequire } from 'node:module';
import type { LRUCache } from 'lru-cache';
import type { Attributes } from '../core/attributes.ts';
import { isCancellation } from '../core/cancelled.ts';
import { clock } from '../core/clock.ts';
import { warn } from '../core/diag.ts';
import { isAborted } from '../core/limit.ts';
import { isPlainPromise, keepExtras } from '../core/promises.ts';
import { currentScope, ROOT, runInScope, type Scope } from '../core/scope.ts';
import type { AnyFunction } from '../core/wrapper.ts';
import { report } from '../errors/report.ts';
import { Flight } from './cached-flight.ts';
import { type CacheKey, idOf, isKeyOf, keyOf, textOf } from './cached-key.ts';
import { isThenable } from './follow.ts';
import { tell } from './tell.ts';

const require = createRequire(import.meta.url);

/** How a cache is to be; times in milliseconds. */
export interface CachePlan {
  /** `undefined`: until it is the one that was asked for longest ago. */
  readonly ttlMs: number | undefined;
  readonly staleMs: number;
  readonly max: number;
  readonly key: ((...args: unknown[]) => unknown) | undefined;
}

/** What happened to the calls of all functions of a name. */
export interface CacheCounts {
  readonly name: string;
  hit: number;
  miss: number;
  stale: number;
  shared: number;
}

/** A result, as the function gave it: a promise stays one, and is given again. */
interface Kept {
  readonly result: unknown;
  readonly isPromise: boolean;
  readonly freshUntilMono: number;
}

/** The results of one function. */
export class CallCache {
  readonly #fn: AnyFunction;
  readonly #plan: CachePlan;
  readonly #counts: CacheCounts;
  readonly #attributes: Attributes;
  readonly #kept: LRUCache<CacheKey, Kept>;
  readonly #flights = new Map<CacheKey, Flight>();
  #hasMethods = false;

  constructor(fn: AnyFunction, plan: CachePlan, counts: CacheCounts) {
    this.#fn = fn;
    this.#plan = plan;
    this.#counts = counts;
    this.#attributes = { 'sonde.resilience.name': counts.name };
    const { LRUCache } = require('lru-cache') as typeof import('lru-cache');
    const ttl = plan.ttlMs === undefined ? undefined : plan.ttlMs + plan.staleMs;
    // With a resolution lru-cache starts a timer of its own; the clock is a live binding.
    this.#kept = new LRUCache({ max: plan.max, ...(ttl !== undefined && { ttl, ttlResolution: 0, perf: { now: () => clock.mono() } }) });
  }

  get size(): number {
    return this.#kept.size;
  }

  call(self: unknown, args: unknown[]): unknown {
    const key = this.#keyOf(self, args);
    if (key === undefined) {
      this.#counts.miss++;
      return this.#fn.apply(self, args);
    }
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      if (kept.freshUntilMono !== Number.POSITIVE_INFINITY && clock.mono() > kept.freshUntilMono) return this.#stale(key, kept, self, args);
      this.#counts.hit++;
      tell('cache.hit', this.#attributes);
      return kept.result;
    }
    const flight = this.#flights.get(key);
    return flight === undefined ? this.#miss(key, self, args) : this.#share(flight, self, args);
  }

  /** Forgets the result for these arguments, of every object; what is under way is given to those who wait and not kept. */
  invalidate(args: readonly unknown[]): void {
    const keyed = this.#keyed(undefined, args);
    const key = keyed && keyOf(0, keyed);
    if (keyed === undefined || key === undefined) return;
    this.#forget(key);
    if (!this.#hasMethods) return;
    const text = textOf(keyed) as string;
    for (const map of [this.#flights, this.#kept]) for (const other of [...map.keys()]) if (isKeyOf(other, text)) this.#forget(other);
  }

  clear(): void {
    this.#kept.clear();
    this.#flights.clear();
  }

  #forget(key: CacheKey): void {
    this.#kept.delete(key);
    this.#flights.delete(key);
  }

  #keyOf(self: unknown, args: readonly unknown[]): CacheKey | undefined {
    const id = idOf(self);
    const keyed = this.#keyed(self, args);
    if (id === undefined || keyed === undefined) return undefined;
    if (id !== 0) this.#hasMethods = true;
    const key = keyOf(id, keyed);
    if (key === undefined) {
      const at = keyed.findIndex((arg) => textOf([arg]) === undefined);
      this.#say(
        'key',
        `argument ${at + 1} is no text, number or other primitive, so that its calls are not cached; option "key" can make a text of the arguments`,
      );
    }
    return key;
  }

  /** What the key is made of; `undefined` where the function that makes it says so, or failed. */
  #keyed(self: unknown, args: readonly unknown[]): readonly unknown[] | undefined {
    const { key } = this.#plan;
    if (key === undefined) return args;
    try {
      const text = key.apply(self, args as unknown[]);
      if (typeof text === 'string') return [text];
      if (text !== undefined) this.#say('key', `option "key" gave a ${typeof text}, expected a text; such calls are not cached`);
    } catch (error) {
      this.#say('key', `option "key" threw ${String(error)}; such calls are not cached`);
    }
    return undefined;
  }

  /** Runs the function. Where it throws at once, `old` stands in. */
  #miss(key: CacheKey, self: unknown, args: unknown[], old?: Kept): unknown {
    tell('cache.miss', this.#attributes);
    const scope = currentScope();
    const { limit } = scope;
    if (limit !== undefined && isAborted(limit)) {
      this.#counts.miss++;
      return this.#fn.apply(self, args);
    }
    const flight = new Flight(scope, limit?.deadlineMs, () => this.#land(key, flight));
    let result: unknown;
    try {
      result = flight.run(() => this.#fn.apply(self, args));
    } catch (error) {
      if (old !== undefined && this.#failed(scope, error)) return this.#giveStale(old);
      this.#counts.miss++;
      throw error;
    }
    this.#counts.miss++;
    if (!isThenable(result)) {
      this.#keep(key, result, false);
      return result;
    }
    this.#fly(key, flight, result);
    const given = flight.wait(limit);
    if (isPlainPromise(result)) keepExtras(result, given);
    return given;
  }

  /** Lets others wait for a run that has begun. */
  #fly(key: CacheKey, flight: Flight, result: PromiseLike<unknown>): void {
    const settled = Promise.resolve(result).then(
      (value) => {
        // Before Node 24 a promise holds the scope in which it was made, with its span: this one is kept.
        if (this.#land(key, flight) && !this.#isOneShot(value))
          this.#keep(
            key,
            runInScope(ROOT, () => Promise.resolve(value)),
            true,
          );
        return value;
      },
      (error: unknown) => {
        this.#land(key, flight);
        throw error;
      },
    );
    flight.result = settled;
    this.#flights.set(key, flight);
  }

  /** Whether the run's result counts: one that was forgotten, or that everybody left, does not. */
  #land(key: CacheKey, flight: Flight): boolean {
    return this.#flights.get(key) === flight && this.#flights.delete(key);
  }

  #share(flight: Flight, self: unknown, args: unknown[]): unknown {
    this.#counts.shared++;
    const run = flight.scope.span?.spanContext();
    tell(
      'cache.shared',
      run === undefined ? this.#attributes : { ...this.#attributes, 'sonde.cache.trace_id': run.traceId, 'sonde.cache.span_id': run.spanId },
    );
    return flight.wait(currentScope().limit).then((value) => (isOneShot(value) ? this.#fn.apply(self, args) : value));
  }

  /** What is asynchronous is made anew while the old result is given; a synchronous function is called, and the old result stands in where it fails. */
  #stale(key: CacheKey, kept: Kept, self: unknown, args: unknown[]): unknown {
    if (!kept.isPromise) return this.#miss(key, self, args, kept);
    if (!this.#flights.has(key)) this.#refresh(key, kept, self, args);
    return this.#giveStale(kept);
  }

  #giveStale({ result }: Kept): unknown {
    this.#counts.stale++;
    tell('cache.stale', this.#attributes);
    return result;
  }

  /** Runs for nobody in particular: until it is done, or the old result is too old as well. */
  #refresh(key: CacheKey, kept: Kept, self: unknown, args: unknown[]): void {
    const scope = currentScope();
    const deadMono = kept.freshUntilMono + this.#plan.staleMs;
    const flight = new Flight(scope, deadMono, () => this.#land(key, flight));
    try {
      const result: unknown = flight.run(() => this.#fn.apply(self, args));
      if (!isThenable(result)) {
        this.#keep(key, result, false);
        return;
      }
      this.#fly(key, flight, result);
    } catch (error) {
      this.#failed(scope, error);
      return;
    }
    flight.hold();
    const tooLate = (): void =>
      flight.leave(new DOMException(`The refresh of "${this.#counts.name}" took longer than its old result may be given`, 'TimeoutError'));
    const timer = clock.setTimeout(tooLate, deadMono - clock.mono());
    const done = (): void => clock.clearTimeout(timer);
    flight.result?.then(done, (error: unknown) => {
      done();
      this.#failed(scope, error);
    });
  }

  /** A failure that no caller gets is reported. A cancellation is none. */
  #failed(scope: Scope, error: unknown): boolean {
    if (isCancellation(scope, error)) return false;
    report(error, { attributes: { 'sonde.resilience.cache': this.#counts.name, 'sonde.resilience.stale': true }, scope });
    return true;
  }

  #keep(key: CacheKey, result: unknown, isPromise: boolean): void {
    if (!isPromise && this.#isOneShot(result)) return;
    const { ttlMs, staleMs } = this.#plan;
    const freshUntilMono = ttlMs === undefined || staleMs === 0 ? Number.POSITIVE_INFINITY : clock.mono() + ttlMs;
    this.#kept.set(key, { result, isPromise, freshUntilMono });
  }

  #isOneShot(value: unknown): boolean {
    if (!isOneShot(value)) return false;
    this.#say('one-shot', 'its result can be read once (a stream, an iterator, a response), so that it is not cached; return what is read from it');
    return true;
  }

  #say(what: string, message: string): void {
    warn(`cached-${what}-${this.#counts.name}`, `the cached "${this.#counts.name}" works without its cache: ${message}`);
  }
}

/** What would be used up by the first who gets it. */
function isOneShot(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const { next, pipe, getReader, bodyUsed } = value as Record<string, unknown>;
    return typeof next === 'function' || typeof pipe === 'function' || typeof getReader === 'function' || typeof bodyUsed === 'boolean';
  } catch {
    return false;
  }
}
