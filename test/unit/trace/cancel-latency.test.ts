import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CallAborted, callAborted } from '../../../src/core/call-aborted.ts';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { signal, withSignal } from '../../../src/core/limit.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordSpans } from './recorder.ts';

let nowMono = 0;
let heard: CallAborted[];
let stops: (() => void)[];
beforeEach(() => {
  nowMono = 1_000;
  heard = [];
  stops = [useClock({ ...systemClock, mono: () => nowMono }), callAborted.subscribe((message) => heard.push(message)), recordSpans().stop];
});
afterEach(() => {
  for (const stop of stops) stop();
});
const said = (): unknown[] => heard.map(({ def, latencyMs, result }) => [def.name, latencyMs, result]);

it('tells how long a call took to notice that it was aborted', async () => {
  const abort = new AbortController();
  const listening = traced(
    'listening',
    () =>
      new Promise((_resolve, reject) => {
        const given = signal();
        given?.addEventListener('abort', () => {
          nowMono += 5;
          reject(given.reason as Error);
        });
      }),
  );
  const running = withSignal(abort.signal, listening);
  abort.abort();
  await expect(running).rejects.toThrow();
  expect(said()).toEqual([['listening', 5, 'cancelled']]);
});

it('tells of a call that does not listen', async () => {
  const abort = new AbortController();
  const deaf = traced('deaf', async () => {
    await Promise.resolve();
    abort.abort();
    nowMono += 300;
    return 'done';
  });
  await withSignal(abort.signal, deaf);
  expect(said()).toEqual([['deaf', 300, 'ok']]);
});

it('says nothing of calls that were not under way', async () => {
  const abort = new AbortController();
  const before = traced('before', async () => 1);
  await withSignal(abort.signal, before);
  abort.abort();
  nowMono += 10;
  await withSignal(abort.signal, async () => {
    nowMono += 10;
    await before();
  });
  expect(said()).toEqual([]);
});
