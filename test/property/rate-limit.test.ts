import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RateTiers } from '../../src/resilience/rate-limit-tiers.ts';
import type { BucketShape } from '../../src/resilience/token-bucket.ts';

interface Step {
  readonly afterMs: number;
  readonly n: number;
  readonly act: 'allow' | 'reserve' | 'cancel';
  readonly which: number;
}

const shapes: fc.Arbitrary<BucketShape[]> = fc.array(
  fc.record({ rate: fc.constantFrom(0, 1, 2, 3, 7, 10, 100), perMs: fc.constantFrom(100, 1_000, 60_000), burst: fc.integer({ min: 0, max: 12 }) }),
  { minLength: 1, maxLength: 3 },
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 }), fc.double({ min: 0, max: 2_000, noNaN: true })),
    n: fc.constantFrom(0, 1, 1, 1, 2, 3, 0.5),
    act: fc.constantFrom('allow', 'allow', 'reserve', 'reserve', 'reserve', 'cancel'),
    which: fc.nat(5),
  }),
  { minLength: 1, maxLength: 60 },
);

/** What was granted, with its moment; what was given back before it acted is none. Those who wait keep their order. */
function play(tiers: readonly BucketShape[], course: readonly Step[]): { atMs: number; n: number }[] {
  const own = new RateTiers(tiers);
  const granted: { atMs: number; n: number }[] = [];
  const held: { atMs: number; n: number; giveBack(nowMs: number): void }[] = [];
  let nowMs = 5_000;
  for (const { afterMs, n, act, which } of course) {
    nowMs += afterMs;
    for (const due of held.splice(0)) {
      if (due.atMs <= nowMs) granted.push(due);
      else held.push(due);
    }
    if (act === 'cancel') {
      const [gone] = held.splice(which, 1);
      gone?.giveBack(nowMs);
    } else if (own.allow(nowMs, n)) granted.push({ atMs: nowMs, n });
    else if (act === 'reserve' && own.slowest(nowMs, n).delayMs !== Number.POSITIVE_INFINITY) {
      const grant = own.reserve(nowMs, n);
      const atMs = Math.max(grant.actMs, held.at(-1)?.atMs ?? 0);
      held.push({ atMs, n, giveBack: (at) => own.giveBack(at, n, grant) });
    }
  }
  return [...granted, ...held].sort((a, b) => a.atMs - b.atMs);
}

it('grants never more than burst + rate * t in any window, of any tier, whatever is given back', () => {
  fc.assert(
    fc.property(shapes, steps, (tiers, course) => {
      const granted = play(tiers, course);
      for (const { rate, perMs, burst } of tiers) {
        for (const [i, first] of granted.entries()) {
          let sum = 0;
          for (const { atMs, n } of granted.slice(i)) {
            sum += n;
            expect(sum).toBeLessThanOrEqual(burst + ((atMs - first.atMs) * rate) / perMs + 1e-6);
          }
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
