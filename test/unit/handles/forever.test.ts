import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withSignal } from '../../../src/core/limit.ts';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { configureErrors } from '../../../src/errors/configure.ts';
import { watchForeverTicking } from '../../../src/handles/forever.ts';
import { installHandles, sample } from '../../../src/handles/install.ts';
import { listHandles } from '../../../src/handles/list-handles.ts';
import { createNativeEngine } from '../../../src/trace/engine/native.ts';
import { installEngine } from '../../../src/trace/engine/port.ts';
import { alwaysOff } from '../../../src/trace/engine/sampler.ts';
import { traced } from '../../../src/trace/traced.ts';

const records: ErrorRecord[] = [];
const timers: NodeJS.Timeout[] = [];
let undo: (() => void)[] = [];
const output = { ended() {}, sampledOut() {} };
beforeEach(() => {
  undo = [
    installHandles(),
    watchForeverTicking(),
    configureErrors({ lastResort: () => {}, onRecord: (line) => records.push(JSON.parse(line) as ErrorRecord) }),
    installEngine(createNativeEngine({ output })),
  ];
});
afterEach(() => {
  timers.splice(0).forEach(clearInterval);
  records.length = 0;
  for (const step of undo.reverse()) step();
});
const start = (): void => void timers.push(setInterval(() => {}, 5_000));

describe('an interval whose owner is over', () => {
  it.each([
    ['its span ended', () => traced('testing.starts', start)(), 'span ended'],
    ['its scope was aborted', () => withSignal(AbortSignal.abort(), start), 'scope aborted'],
  ])('is reported once, with an error ID, when %s', (_name, run, why) => {
    run();
    sample();
    sample();
    expect(records.map((record) => record['error.code'])).toEqual(['sonde/forever-ticking']);
    expect(records[0]?.message).toMatch(new RegExp(`interval of 5000ms from test/unit/handles/forever\\.test\\.ts:\\d+:\\d+ ticks on.*${why}`));
    expect(records[0]?.['error.id']).toMatch(/^[0-9A-Z-]{19}$/);
    expect(listHandles().find(({ type, state }) => type === 'interval' && state === 'forever')?.note).toContain(why);
  });

  it('is told by spans that are not sampled, too', () => {
    undo.push(installEngine(createNativeEngine({ output, sampler: alwaysOff })));
    traced('testing.unsampled', start)();
    sample();
    expect(records).toHaveLength(1);
  });

  it.each([
    [
      'while the owner runs',
      async () =>
        traced('testing.runs', async () => {
          start();
          sample();
        })(),
    ],
    ['outside of any call', async () => start()],
    ['under a limit that holds', async () => withSignal(new AbortController().signal, start)],
  ])('is no such thing %s', async (_name, run) => {
    await run();
    if (records.length === 0 && _name !== 'while the owner runs') sample();
    expect(records).toEqual([]);
  });
});
