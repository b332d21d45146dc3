import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clock } from '../../src/core/clock.ts';
import type { Duration } from '../../src/core/duration.ts';
import { narrowLimit, signal } from '../../src/core/limit.ts';
import { ROOT, runInScope, Scope } from '../../src/core/scope.ts';
import { retry } from '../../src/resilience/retry.ts';
import { TimedOut, timeout } from '../../src/resilience/timeout.ts';
import { manualClock } from '../../src/testing/manual-clock.ts';
import { recordEach } from '../unit/record-each.ts';

recordEach();

type Outcome = { readonly atMs: number; readonly value?: unknown; readonly error?: unknown };
/** An outer limit that aborts at its deadline, as a request's does. */
interface Outer {
  readonly afterMs: number;
  readonly controller: AbortController;
}

/** Runs a call under an outer limit until all timers have fired; when and how it ended, in ms from its begin. */
async function run(call: () => Promise<unknown>, outer: Outer | undefined, time: ReturnType<typeof manualClock>): Promise<Outcome | undefined> {
  const scope = new Scope(ROOT);
  const startMono = clock.mono();
  if (outer) {
    scope.limit = narrowLimit(undefined, startMono + outer.afterMs, outer.controller.signal);
    clock.setTimeout(() => outer.controller.abort(new DOMException('late', 'TimeoutError')), outer.afterMs);
  }
  let outcome: Outcome | undefined;
  const end = (how: object): void => {
    outcome = { atMs: clock.mono() - startMono, ...how };
  };
  runInScope(scope, call).then(
    (value) => end({ value }),
    (error: unknown) => end({ error }),
  );
  await time.advance('10m');
  return outcome;
}
const outers = fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined });
const outerOf = (afterMs: number | undefined): Outer | undefined => (afterMs === undefined ? undefined : { afterMs, controller: new AbortController() });

it('retry: never more attempts than allowed, none after a deadline, the last error at the end, nothing left', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 0, max: 10 }),
      fc.integer({ min: 0, max: 900 }),
      fc.constantFrom('decorrelated', 'full', 'half', 'none'),
      outers,
      fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined }),
      async (attempts, failures, tookMs, jitter, outerMs, withinMs) => {
        const time = manualClock();
        const waitingBefore = time.waiting;
        try {
          const startMono = clock.mono();
          const begun: number[] = [];
          const errors: Error[] = [];
          const outer = outerOf(outerMs);
          const call = retry(
            { attempts, backoff: { jitter }, budget: false, ...(withinMs === undefined ? {} : { within: `${withinMs}ms` satisfies Duration }) },
            async () => {
              const number = begun.push(clock.mono() - startMono);
              await new Promise<void>((resolve) => clock.setTimeout(resolve, tookMs));
              if (number <= failures) throw errors[errors.push(new Error(`no ${number}`)) - 1];
              return number;
            },
          );
          const outcome = await run(call, outer, time);
          expect(outcome).toBeDefined();
          expect(begun.length).toBeLessThanOrEqual(Math.min(attempts, failures + 1));
          if (outerMs !== undefined) expect(begun.every((ms) => ms < outerMs)).toBe(true);
          if (withinMs !== undefined) expect(begun.slice(1).every((ms) => ms <= withinMs)).toBe(true);
          if (outcome?.error === undefined) expect(outcome?.value).toBe(failures + 1);
          else expect([errors.at(-1), outer?.controller.signal.reason]).toContain(outcome.error);
          if (outerMs === undefined && withinMs === undefined) expect(begun.length).toBe(Math.min(attempts, failures + 1));
          expect(time.waiting).toBe(waitingBefore);
          if (outer) expect(getEventListeners(outer.controller.signal, 'abort').length).toBeLessThanOrEqual(1); // that of the limit itself
        } finally {
          time.restore();
        }
      },
    ),
    { numRuns: 300 },
  );
});

it('timeout: the caller is let go at the first of limit and outer deadline, and by whom it was', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5_000 }),
      fc.integer({ min: 0, max: 6_000 }),
      fc.boolean(),
      fc.constantFrom('deaf', 'asks', 'listens'),
      outers,
      async (limitMs, tookMs, fails, how, outerMs) => {
        // Which of two timers of one moment is first is nobody's business.
        fc.pre(new Set([limitMs, tookMs, outerMs]).size === 3);
        const time = manualClock();
        const waitingBefore = time.waiting;
        try {
          const outer = outerOf(outerMs);
          const call = timeout(`${limitMs}ms`, async () => {
            const given = how === 'deaf' ? undefined : signal();
            await new Promise<void>((resolve, reject) => {
              clock.setTimeout(resolve, tookMs);
              if (how === 'listens') given?.addEventListener('abort', () => reject(given.reason), { once: true });
            });
            if (fails) throw new Error('no');
            return 'done';
          });
          const outcome = await run(call, outer, time);
          const endMs = Math.min(limitMs, tookMs, outerMs ?? Number.POSITIVE_INFINITY);
          expect(outcome?.atMs).toBe(endMs);
          if (endMs === outerMs) expect(outcome?.error).toBe(outer?.controller.signal.reason);
          else if (endMs === limitMs) expect(outcome?.error).toBeInstanceOf(TimedOut);
          else expect(fails ? (outcome?.error as Error | undefined)?.message : outcome?.value).toBe(fails ? 'no' : 'done');
          expect(time.waiting).toBe(waitingBefore);
          if (outer) expect(getEventListeners(outer.controller.signal, 'abort').length).toBeLessThanOrEqual(1);
        } finally {
          time.restore();
        }
      },
    ),
    { numRuns: 300 },
  );
});
