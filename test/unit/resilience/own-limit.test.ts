import { getEventListeners } from 'node:events';
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

it('goes by the limit around it when it is over, and is held by nobody but who listens', () => {
  const outer = new AbortController();
  const around = narrowLimit(undefined, 5_000, outer.signal);
  const listeners = getEventListeners(outer.signal, 'abort').length;
  const [asked, listened, neither] = [new OwnLimit(around), new OwnLimit(around), new OwnLimit(around)];
  const heard: unknown[] = [];
  void asked.signal;
  listened.signal.addEventListener('abort', () => heard.push(listened.signal.reason));
  for (const limit of [asked, neither]) limit.settle();
  expect(getEventListeners(outer.signal, 'abort')).toHaveLength(listeners + 1);
  listened.settle();
  expect(neither.signal).toBe(outer.signal);
  outer.abort('outer');
  expect([heard, asked.signal.aborted]).toEqual([['outer'], false]);
});
