import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withSignal } from '../../src/core/limit.ts';
import { configureErrors } from '../../src/errors/configure.ts';
import { bulkhead } from '../../src/resilience/bulkhead.ts';
import { BulkheadFull } from '../../src/resilience/bulkhead-places.ts';
import { manualClock } from '../../src/testing/manual-clock.ts';

type Step =
  | { readonly act: 'call' | 'end' | 'fail' | 'abort' | 'sync'; readonly which: number; readonly turns: number }
  | { readonly act: 'pass'; readonly turns: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ act: fc.constantFrom('call', 'call', 'call', 'end', 'fail', 'abort', 'sync'), which: fc.nat(5), turns: fc.nat(1) }),
    fc.record({ act: fc.constant('pass'), turns: fc.nat(1) }),
  ) as fc.Arbitrary<Step>,
  { minLength: 1, maxLength: 50 },
);

it('never runs more than max, keeps the order, and loses neither a call nor a place', async () => {
  const undo = configureErrors({ lastResort: () => {} });
  const property = fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.nat(5), fc.boolean(), steps, async (max, queue, isBounded, course) => {
    using time = manualClock();
    const own = bulkhead({ max, queue, ...(isBounded && queue > 0 && { maxWait: '1s' }) });
    const running: { end(): void; fail(): void }[] = [];
    const controllers: AbortController[] = [];
    const began: number[] = [];
    const outcomes: Promise<unknown>[] = [];
    let most = 0;
    const work = own(async (call: number) => {
      began.push(call);
      await new Promise<void>((resolve, reject) => {
        const job = { end: () => resolve(), fail: () => reject(new Error('failed')) };
        running.push(job);
        most = Math.max(most, running.length);
      });
    });
    const sync = own(() => {
      expect(running.length).toBeLessThan(max);
    });
    for (const step of course) {
      if (step.act === 'pass') await time.advance('400ms');
      else if (step.act === 'call') {
        const controller = new AbortController();
        const call = outcomes.length;
        controllers.push(controller);
        outcomes.push(
          withSignal(controller.signal, () => work(call)).then(
            () => 'done',
            (error: unknown) => error,
          ),
        );
      } else if (step.act === 'abort') controllers[step.which]?.abort(new Error('aborted'));
      else if (step.act === 'sync') {
        try {
          sync();
        } catch (error) {
          expect(error).toBeInstanceOf(BulkheadFull);
        }
      } else running.splice(step.which, 1)[0]?.[step.act]();
      if (step.turns > 0) await turn();
      expect(own.waiting).toBeLessThanOrEqual(queue);
    }
    for (let round = 0; round <= outcomes.length; round++) {
      for (const job of running.splice(0)) job.end();
      await turn();
    }
    const ends = (await Promise.all(outcomes)).map((end) => (end instanceof BulkheadFull ? 'refused' : end instanceof Error ? end.message : end));
    expect(most).toBeLessThanOrEqual(max);
    expect(began).toEqual([...began].sort((a, b) => a - b));
    for (const [call, end] of ends.entries()) expect(['done', 'failed'].includes(end as string)).toBe(began.includes(call));
    expect([own.available, own.waiting]).toEqual([max, 0]);
  });
  try {
    await fc.assert(property, { numRuns: 400 });
  } finally {
    undo();
  }
});
