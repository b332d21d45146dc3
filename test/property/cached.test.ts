import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withSignal } from '../../src/core/limit.ts';
import { cached } from '../../src/resilience/cached.ts';
import { manualClock } from '../../src/testing/manual-clock.ts';

const TTL_MS = 100;

interface Caller {
  /** Absent: it can never go. */
  readonly controller: AbortController | undefined;
  expected: string;
  seen: string;
}

/** What waits for a run: callers, and the refresh itself. */
interface Waiters {
  readonly key: string;
  readonly callers: Set<Caller | 'refresh'>;
  readonly refreshUntil: number;
}

/** The cache as its documentation has it: a list of results, the one asked for longest ago first, and what is under way. */
class Model {
  readonly kept = new Map<string, { readonly value: string; readonly since: number }>();
  readonly flights = new Map<string, number>();
  readonly runs: (Waiters | undefined)[] = [];
  readonly #staleMs: number;
  readonly #max: number;

  constructor(staleMs: number, max: number) {
    this.#staleMs = staleMs;
    this.#max = max;
  }

  call(key: string, caller: Caller, now: number): void {
    const kept = this.kept.get(key);
    if (kept !== undefined) {
      this.kept.delete(key);
      if (now - kept.since <= TTL_MS + this.#staleMs) {
        this.kept.set(key, kept);
        caller.expected = kept.value;
        if (now - kept.since > TTL_MS && !this.flights.has(key)) this.#begin(key, 'refresh', kept.since + TTL_MS + this.#staleMs);
        return;
      }
    }
    const run = this.flights.get(key);
    if (run === undefined) this.#begin(key, caller, Number.POSITIVE_INFINITY);
    else this.runs[run]?.callers.add(caller);
  }

  #begin(key: string, waiter: Caller | 'refresh', refreshUntil: number): void {
    this.flights.set(key, this.runs.length);
    this.runs.push({ key, callers: new Set([waiter]), refreshUntil });
  }

  settle(run: number, value: string, isOk: boolean, now: number): void {
    const { key, callers } = this.runs[run] as Waiters;
    for (const caller of callers) if (caller !== 'refresh') caller.expected = isOk ? value : `failed ${value}`;
    this.runs[run] = undefined;
    if (this.flights.get(key) !== run) return;
    this.flights.delete(key);
    if (!isOk) return;
    if (!this.kept.delete(key) && this.kept.size === this.#max) this.kept.delete([...this.kept.keys()][0] as string);
    this.kept.set(key, { value, since: now });
  }

  /** Somebody no longer waits. */
  leave(waiter: (run: Waiters) => Caller | 'refresh'): void {
    for (const [index, run] of this.runs.entries()) {
      if (run === undefined) continue;
      if (run.callers.delete(waiter(run)) && run.callers.size === 0 && this.flights.get(run.key) === index) this.flights.delete(run.key);
    }
  }

  pass(now: number): void {
    const nobody: Caller = { controller: undefined, expected: '', seen: '' };
    this.leave((run) => (run.refreshUntil <= now ? 'refresh' : nobody));
  }

  forget(key: string): void {
    this.kept.delete(key);
    this.flights.delete(key);
  }
}

const key = fc.constantFrom('a', 'b', 'c');
const index = fc.nat({ max: 1_000 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('call' as const), key, canGo: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), index, isOk: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), index }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 120 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('invalidate' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
);

it('cached agrees with its model under any order of calls, ends, aborts and times', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(0, 60), fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 40 }), async (staleMs, max, steps) => {
      using time = manualClock();
      const runs: { readonly value: string; resolve(value: string): void; reject(error: unknown): void }[] = [];
      const load = cached(
        { ttl: `${TTL_MS}ms`, max, ...(staleMs > 0 && { stale: `${staleMs}ms` as const }) },
        (name: string): Promise<string> => new Promise((resolve, reject) => runs.push({ value: `${name}${runs.length}`, resolve, reject })),
      );
      const model = new Model(staleMs, max);
      const callers: Caller[] = [];
      const aborted = new DOMException('gone', 'AbortError');

      for (const each of steps) {
        if (each.do === 'call') {
          const caller: Caller = { controller: each.canGo ? new AbortController() : undefined, expected: 'waits', seen: 'waits' };
          callers.push(caller);
          const given = caller.controller === undefined ? load(each.key) : withSignal(caller.controller.signal, () => load(each.key));
          given.then(
            (value) => {
              caller.seen = value;
            },
            (error: Error) => {
              caller.seen = error.message;
            },
          );
          model.call(each.key, caller, time.mono());
        } else if (each.do === 'settle') {
          const open = model.runs.flatMap((run, at) => (run === undefined ? [] : [at]));
          const at = open[each.index % open.length];
          const run = at === undefined ? undefined : runs[at];
          if (at === undefined || run === undefined) continue;
          if (each.isOk) run.resolve(run.value);
          else run.reject(Object.assign(new Error(`failed ${run.value}`), { name: 'AbortError' })); // so that none is reported
          model.settle(at, run.value, each.isOk, time.mono());
        } else if (each.do === 'abort') {
          const waiting = callers.filter((caller) => caller.controller !== undefined && caller.expected === 'waits');
          const caller = waiting[each.index % waiting.length];
          if (caller === undefined) continue;
          caller.controller?.abort(aborted);
          caller.expected = 'gone';
          model.leave(() => caller);
        } else if (each.do === 'pass') {
          await time.advance(`${each.ms}ms`);
          model.pass(time.mono());
        } else if (each.do === 'invalidate') {
          load.invalidate(each.key);
          model.forget(each.key);
        } else {
          load.clear();
          for (const name of [...model.kept.keys(), ...model.flights.keys()]) model.forget(name);
        }
        await time.advance('0ms');
        expect(callers.map(({ seen }) => seen)).toEqual(callers.map(({ expected }) => expected));
        expect([runs.length, load.size]).toEqual([model.runs.length, model.kept.size]);
      }
      for (const run of runs) run.resolve(run.value);
    }),
    { numRuns: 1_000 },
  );
});
