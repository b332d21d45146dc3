import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { outgoingBegan, outgoingEnded, outgoingSeconds } from '../../../src/core/outgoing.ts';

let mono = 1_000;
let restore: () => void;
beforeEach(() => {
  restore = useClock({ ...systemClock, mono: () => mono });
});
afterEach(() => restore());

it('counts the time of calls that ended, and of those under way so far', () => {
  const [ended, hangs] = [{}, {}];
  const before = outgoingSeconds();
  outgoingBegan(ended, mono);
  outgoingBegan(hangs, mono);
  mono += 2_000;
  expect(outgoingSeconds() - before).toBeCloseTo(4);
  outgoingEnded(ended, mono);
  outgoingEnded(ended, mono + 9_000); // once
  mono += 3_000;
  expect(outgoingSeconds() - before).toBeCloseTo(7);
  mono += 600_000;
  expect(outgoingSeconds() - before).toBeCloseTo(62); // a stream that stays open is no longer waited for
  outgoingEnded(hangs, mono);
  expect(outgoingSeconds() - before).toBeCloseTo(62);
});
