import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TraceBook } from '../../../src/admin/trace-book.ts';
import { OpenRequests } from '../../../src/http/open-requests.ts';
import { bindCalls } from '../../../src/metrics/calls.ts';
import { activeWork } from '../../../src/runtime/active-work.ts';
import { manualClock } from '../../../src/testing/manual-clock.ts';
import { span } from '../../../src/trace/span.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordSpans } from '../trace/recorder.ts';

const nothing: Pick<TraceBook, 'families'> = { families: () => [] };

import { clock as currentClock } from '../../../src/core/clock.ts';

let clock: ReturnType<typeof manualClock>;
let undo: (() => void)[] = [];
beforeEach(() => {
  clock = manualClock();
  const seen = recordSpans();
  undo = [bindCalls(), () => seen.stop(), () => clock[Symbol.dispose]()];
});
afterEach(() => {
  for (const step of undo) step();
});

const list = (): ReturnType<typeof activeWork> => activeWork(new OpenRequests(), nothing).filter(({ name }) => name.startsWith('aw.'));

it('marks a call that is open for longer than 99 of 100 of its function were', async () => {
  let open: (() => void) | undefined;
  const work = traced('aw.work', (isHanging: boolean) => (isHanging ? new Promise<void>((resolve) => (open = resolve)) : undefined));
  for (let i = 0; i < 200; i++) void work(false);
  const hanging = work(true);
  expect(list()).toMatchObject([{ name: 'aw.work', count: 1, ageMs: 0, p99Ms: 0.1, isSlow: false, isStuck: false }]);
  clock.block('5ms');
  expect(list()).toMatchObject([
    { ageMs: 5, isSlow: true, isStuck: false, traceId: expect.stringMatching(/^[0-9a-f]{32}$/), spanId: expect.stringMatching(/^[0-9a-f]{16}$/) },
  ]);
  clock.block('61s');
  expect(list()).toMatchObject([{ isSlow: true, isStuck: true }]);
  open?.();
  await hanging;
  expect(list()).toEqual([]);
});

it('finds what never ends also where nothing is known of its usual time', async () => {
  let open: (() => void) | undefined;
  const block = span('aw.block', () => new Promise<void>((resolve) => (open = resolve)));
  clock.block('59s');
  expect(list()).toMatchObject([{ name: 'aw.block', p99Ms: undefined, isSlow: false, isStuck: false }]);
  clock.block('2s');
  expect(list()).toMatchObject([{ isSlow: false, isStuck: true }]);
  open?.();
  await block;
});

it('a function that usually takes long is not taken for stuck', async () => {
  const work = traced('aw.slow', (ms: number) => new Promise<void>((resolve) => currentClock.setTimeout(resolve, ms)));
  const many = Array.from({ length: 100 }, () => work(20_000));
  await clock.advance('20s');
  await Promise.all(many);
  const one = work(90_000);
  await clock.advance('80s');
  expect(list()).toMatchObject([{ p99Ms: Number.POSITIVE_INFINITY, isSlow: false, isStuck: false }]);
  await clock.advance('10s');
  await one;
});

it('shows by number what runs at this moment', () => {
  traced('aw.now', () => expect(list()).toMatchObject([{ name: 'aw.now', count: 1, ageMs: 0, isSlow: false }]))();
});
