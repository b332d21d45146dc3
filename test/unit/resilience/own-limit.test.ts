import { expect, it } from 'vitest';
import { narrowLimit } from '../../../src/core/limit.ts';
import { OwnLimit } from '../../../src/resilience/own-limit.ts';
import { manualClock } from '../../../src/testing/manual-clock.ts';

it('makes its signal when somebody asks, aborted where it was before', () => {
  const limit = new OwnLimit(undefined);
  limit.abort('first');
  limit.abort('second');
  expect([limit.isAsked, limit.signal.reason, limit.isAsked]).toEqual([false, 'first', true]);
  expect(limit.signal).toBe(limit.signal);
});

it('aborts the signal that was asked for', () => {
  const limit = new OwnLimit(undefined);
  const { signal } = limit;
  limit.abort('gone');
  expect([signal.aborted, signal.reason]).toEqual([true, 'gone']);
});

it('goes by the limit around it too, whose signal is asked for', async () => {
  using time = manualClock();
  const outer = new AbortController();
  const limit = new OwnLimit(narrowLimit(undefined, 5_000, outer.signal));
  expect([limit.deadlineMs, limit.isAsked, limit.abortedMono]).toEqual([5_000, true, undefined]);
  const { signal } = limit;
  outer.abort('outer');
  const abortedMono = time.mono();
  await time.advance('1s');
  limit.abort('own');
  expect([signal.reason, limit.abortedMono]).toEqual(['outer', abortedMono]);
});
