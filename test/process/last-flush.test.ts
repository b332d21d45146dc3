import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterAll, expect, it } from 'vitest';
import { Ledger, ledgerMemory } from '../../src/pipeline/ledger.ts';
import { CONTROL_WORDS, POSTED, SLOT_STATES, STOPPED, STOPPING, type ToWorker, type WorkerInput } from '../../src/pipeline/messages.ts';
import { BATCH_BYTES, SIDE_BYTES, SLOTS } from '../../src/pipeline/rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'sonde-last-flush-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LINE = '{"level":"info","timestamp":"2026-01-01T00:00:00.000Z","logger":"a","message":"late"}';
const learning = { names: undefined, keys: undefined, libraries: undefined };
const batch: ToWorker = { kind: 'batch', slot: 0, rows: 0, epochMs: 0, beside: [], logs: [LINE], severities: [9], errors: [], metrics: [], learning };
const last: ToWorker = { kind: 'flush', id: 1, withinMs: 5_000, mode: 'last' };

// The thread is ended after its last flush, and one that is ended inside a native call of SQLite takes the process with it.
it.each([
  ['before', [batch, last], 1],
  ['after', [last, batch], 0],
] as const)('a batch that comes %s the last flush: lines stored', async (when, messages, stored) => {
  const control = new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT);
  const memory = ledgerMemory();
  const { port1, port2 } = new MessageChannel();
  const input: WorkerInput = {
    dir: join(folder, when),
    resource: {},
    sink: { kind: 'store' },
    spool: {},
    webhook: undefined,
    owner: `1-0-${when}`,
    startMs: 1,
    rows: new SharedArrayBuffer(SLOTS * BATCH_BYTES),
    side: new SharedArrayBuffer(SLOTS * SIDE_BYTES),
    control,
    ledger: memory,
    spooled: { span: 0, log: 0, error: 0, metric: 0 },
    learning,
    journals: [],
  };
  new Int32Array(control)[SLOT_STATES] = POSTED;
  for (const message of messages) port1.postMessage(message);
  const worker = new Worker(new URL('../../dist/pipeline/worker/main.js', import.meta.url), { workerData: { input, port: port2 }, transferList: [port2] });
  await once(worker, 'exit');
  port1.close();
  const ledger = new Ledger(memory);
  ledger.absorb(0);
  expect(ledger.report().log.stored).toBe(stored);
  // Whoever ends the thread need not ask it first: an answer could not come any more.
  expect(Atomics.load(new Int32Array(control), STOPPING)).toBe(STOPPED);
});
