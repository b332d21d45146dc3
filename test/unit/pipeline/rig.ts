import type { Redactor } from '../../../src/core/redact.ts';
import { Batcher, type QueueLimits } from '../../../src/pipeline/batcher.ts';
import type { Batch } from '../../../src/pipeline/inflight.ts';
import { Ledger, ledgerMemory, WorkerLedger } from '../../../src/pipeline/ledger.ts';
import { CONTROL_WORDS, IN_WORK, SETTLED, SLOT_STATES } from '../../../src/pipeline/messages.ts';
import { BATCH_BYTES, BATCH_ROWS, type Learning, SIDE_BYTES, SLOTS } from '../../../src/pipeline/rows.ts';
import type { SpanRows } from '../../../src/pipeline/worker/batch-rows.ts';
import { cleanBeside } from '../../../src/pipeline/worker/clean-beside.ts';
import { Texts } from '../../../src/pipeline/worker/texts.ts';

/** A batcher without a worker: the test plays the worker. */
export function batcherRig(acknowledge?: (total: number) => void, limits?: QueueLimits, redact?: Redactor) {
  const rows = new SharedArrayBuffer(SLOTS * BATCH_BYTES);
  const side = new SharedArrayBuffer(SLOTS * SIDE_BYTES);
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * 4));
  const memory = ledgerMemory();
  const ledger = new Ledger(memory);
  const texts = new Texts();
  const posted: Batch[] = [];
  const batcher = new Batcher({
    rows,
    side,
    control,
    ledger,
    limits,
    redact,
    acknowledge,
    post(batch: Batch, learning: Learning) {
      // What crosses a thread is cloned: a test that shared objects would not see what cannot be.
      texts.learn(structuredClone(learning));
      posted.push(batch);
    },
  });
  return {
    batcher,
    ledger,
    workerLedger: new WorkerLedger(memory),
    posted,
    control,
    texts,
    /** The worker dies while it takes the batch apart. */
    dieOn(batch: Batch) {
      Atomics.store(control, SLOT_STATES + batch.slot, IN_WORK);
    },
    settle(batch: Batch) {
      Atomics.store(control, SLOT_STATES + batch.slot, SETTLED);
    },
    rowsOf(batch: Batch): SpanRows {
      return {
        ints: new Int32Array(rows),
        doubles: new Float64Array(rows),
        first: batch.slot * BATCH_ROWS,
        count: batch.rows,
        epochMs: batch.epochMs,
        side: Buffer.from(side),
        sideStart: batch.slot * SIDE_BYTES,
        beside: cleanBeside(structuredClone(batch.beside)),
        texts,
      };
    },
  };
}
