import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clock } from '../../src/core/clock.ts';
import { signal } from '../../src/core/limit.ts';
import { hedge } from '../../src/resilience/hedge.ts';
import { manualClock } from '../../src/testing/manual-clock.ts';

const AFTER_MS = 10;

interface Planned {
  readonly ms: number;
  readonly isOk: boolean;
  /** Whether it ends when its signal aborts. */
  readonly listens: boolean;
}

/** What a hedged call with these attempts is to do, told by its rules alone. */
function simulate(planned: readonly Planned[]): { readonly answer: number; readonly isOk: boolean; readonly atMs: number; readonly startsMs: number[] } {
  const startsMs = [0];
  const pending = new Set([0]);
  let firstFailed: number | undefined;
  let timerMs = planned.length > 1 ? AFTER_MS : Number.POSITIVE_INFINITY;
  const endOf = (i: number): number => (startsMs[i] as number) + (planned[i] as Planned).ms;
  const begin = (nowMs: number): void => {
    pending.add(startsMs.length);
    startsMs.push(nowMs);
    timerMs = startsMs.length < planned.length ? nowMs + AFTER_MS : Number.POSITIVE_INFINITY;
  };
  for (;;) {
    const next = [...pending].reduce((a, b) => (endOf(b) < endOf(a) ? b : a));
    if (timerMs < endOf(next)) {
      begin(timerMs);
      continue;
    }
    pending.delete(next);
    if (planned[next]?.isOk) return { answer: next, isOk: true, atMs: endOf(next), startsMs };
    firstFailed ??= next;
    if (startsMs.length < planned.length) begin(endOf(next));
    else if (pending.size === 0) return { answer: firstFailed, isOk: false, atMs: endOf(next), startsMs };
  }
}

const attempt = fc.record({ ms: fc.integer({ min: 0, max: 35 }), isOk: fc.boolean(), listens: fc.boolean() });

it('a hedged call does what its rules say, ends once, cancels what it left and leaves no timer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(attempt, { minLength: 2, maxLength: 4 }), async (list) => {
      // No two things happen at one time: each attempt has a digit of its own.
      const planned = list.map((each, i) => ({ ...each, ms: each.ms + 10 ** -(i + 1) }));
      using time = manualClock();
      const beginMs = time.mono();
      const runs: { readonly startMs: number; readonly signal: AbortSignal | undefined }[] = [];
      const call = hedge({ after: `${AFTER_MS}ms`, max: planned.length, budget: 1 }, () => {
        const i = runs.length;
        const { ms, isOk, listens } = planned[i] as Planned;
        const own = signal();
        runs.push({ startMs: time.mono() - beginMs, signal: own });
        return new Promise<number>((resolve, reject) => {
          const timer = clock.setTimeout(() => (isOk ? resolve(i) : reject(new Error(String(i)))), ms);
          if (listens) {
            own?.addEventListener('abort', () => {
              clock.clearTimeout(timer);
              reject(own.reason);
            });
          }
        });
      });
      let outcome: unknown;
      const given = call().then(
        (answer) => {
          outcome = { answer, isOk: true, atMs: time.mono() - beginMs };
        },
        (error: Error) => {
          outcome = { answer: Number(error.message), isOk: false, atMs: time.mono() - beginMs };
        },
      );
      const { startsMs, ...expected } = simulate(planned);
      await time.advance('1m');
      await given;
      expect(outcome).toEqual({ ...expected, atMs: expect.closeTo(expected.atMs, 6) });
      expect(runs.map(({ startMs }) => startMs)).toEqual(startsMs.map((ms) => expect.closeTo(ms, 6)));
      expect(time.waiting).toBe(0);
      if (expected.isOk && runs.length > 1) expect(runs.map((run) => run.signal?.aborted)).toEqual(runs.map((_, i) => i !== expected.answer));
    }),
    { numRuns: 900 }, // each makes a wrapper, of which a thousand are kept
  );
});
