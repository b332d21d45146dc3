import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock, useClock } from '../../../src/core/clock.ts';
import type { LogData } from '../../../src/core/records.ts';
import { Ledger, ledgerMemory, WorkerLedger } from '../../../src/pipeline/ledger.ts';
import { CONTROL_WORDS, IN_WORK, SETTLED, SLOT_STATES } from '../../../src/pipeline/messages.ts';
import { createStoreSink } from '../../../src/pipeline/sinks/store.ts';
import { parseLogLine } from '../../../src/pipeline/worker/log-lines.ts';
import { Settlement } from '../../../src/pipeline/worker/settlement.ts';
import { StoreError } from '../../../src/store/failure.ts';
import type { WriteResult } from '../../../src/store/write-result.ts';
import type { StoreWriter } from '../../../src/store/writer.ts';

/** Timers that run when the test says so. */
let timers: { fn: () => void; ms: number }[];
let restore: () => void;
beforeEach(() => {
  timers = [];
  const manual: Clock = { ...systemClock, setTimeout: (fn, ms) => timers.push({ fn, ms }), clearTimeout: () => {} };
  restore = useClock(manual);
});
afterEach(() => restore());

function rig() {
  const memory = ledgerMemory();
  const ledger = new Ledger(memory);
  const control = new Int32Array(CONTROL_WORDS);
  const stored: string[] = [];
  const store = { takes: Number.POSITIVE_INFINITY, maintained: 0, closed: false };
  const write = <T>(records: readonly T[]): WriteResult<T> => {
    const fits = records.slice(0, store.takes);
    stored.push(...fits.map((record) => (record as LogData).message));
    const failed = fits.length < records.length;
    return { stored: fits.length, rejected: 0, rest: records.slice(fits.length), failure: failed ? new StoreError('full', 'the disk is full') : undefined };
  };
  const writer: StoreWriter = {
    writeSpans: write,
    writeLogs: write,
    writeErrors: write,
    maintain: () => (store.maintained++, {} as never),
    close: () => (store.closed = true),
  };
  const sink = createStoreSink(writer);
  const settled = new Set<number>();
  return {
    sink,
    /** The report, with the slots that are settled added up, as the app thread does. */
    report() {
      control.subarray(SLOT_STATES).forEach((state, slot) => {
        if (state === SETTLED && !settled.has(slot)) ledger.absorb(slot);
        if (state === SETTLED) settled.add(slot);
      });
      return ledger.report();
    },
    stored,
    store,
    settledSlots: () => [...control.subarray(SLOT_STATES)].filter((state) => state === SETTLED).length,
    log(slot: number, ...messages: string[]) {
      ledger.produced[1]! += messages.length;
      control[SLOT_STATES + slot] = IN_WORK;
      const settlement = new Settlement(slot, control, new WorkerLedger(memory));
      const part = settlement.part('log', messages.length);
      settlement.seal();
      sink.logs(
        messages.map((message) => parseLogLine(JSON.stringify({ message }), 9, 0)),
        part,
      );
    },
    /** Runs the timer of a retry. */
    elapse() {
      const at = timers.findIndex((timer) => timer.ms !== 60_000);
      const [timer] = timers.splice(at, 1);
      timer?.fn();
      return timer?.ms;
    },
  };
}

describe('the store sink', () => {
  it('settles a batch when all of it is stored', () => {
    const { log, report, settledSlots } = rig();
    log(0, 'a', 'b');
    expect(report().log).toMatchObject({ produced: 2, stored: 2, pending: 0 });
    expect(settledSlots()).toBe(1);
  });

  it('keeps what the store does not take, in order, and tries again after a growing pause', () => {
    const { log, report, stored, store, settledSlots, elapse } = rig();
    store.takes = 1;
    log(0, 'a', 'b', 'c');
    log(1, 'd');
    expect(report().log).toMatchObject({ produced: 4, stored: 0, pending: 4 });
    store.takes = 0;
    expect([elapse(), elapse(), elapse()]).toEqual([1_000, 2_000, 4_000]);
    store.takes = 10;
    elapse();
    expect(stored).toEqual(['a', 'b', 'c', 'd']);
    expect(report().log).toMatchObject({ stored: 4, pending: 0 });
    expect(settledSlots()).toBe(2);
  });

  it('tries at once when it is flushed', async () => {
    const { sink, log, report, store } = rig();
    store.takes = 0;
    log(0, 'a');
    store.takes = 10;
    await sink.flush(0, 'last');
    expect(report().log).toMatchObject({ stored: 1, pending: 0 });
  });

  it('looks after the retention every minute, and closes the store', () => {
    const { sink, store } = rig();
    timers.find((timer) => timer.ms === 60_000)?.fn();
    expect(store.maintained).toBe(1);
    sink.close();
    expect(store.closed).toBe(true);
  });
});
