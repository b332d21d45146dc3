import { performance } from 'node:perf_hooks';
import { type MessagePort, workerData } from 'node:worker_threads';
import { clock } from '../../core/clock.ts';
import { relayDiag, warn } from '../../core/diag.ts';
import { safeMessage } from '../../core/json.ts';
import type { Signal } from '../../core/records.ts';
import { openWriter } from '../../store/writer.ts';
import { WorkerLedger } from '../ledger.ts';
import { BEGUN, FLUSHED, type FlushMessage, type FromWorker, STOPPED, STOPPING, type ToWorker, WORKING, type WorkerInput } from '../messages.ts';
import { keepErrors } from '../sinks/keep-errors.ts';
import { createOtlpSink } from '../sinks/otlp-http.ts';
import type { Sink } from '../sinks/sink.ts';
import { createStoreSink } from '../sinks/store.ts';
import { tellBugs } from '../sinks/webhook.ts';
import { Spool } from '../spool.ts';
import { createIntake } from './intake.ts';
import { oneATurn } from './one-a-turn.ts';
import { replayJournals } from './replay.ts';
import { Texts } from './texts.ts';

/** How often the worker writes down how long it was busy. */
const OVERHEAD_MS = 1_000;

/** The worker thread: everything slow happens here. */
function main(input: WorkerInput, port: MessagePort): void {
  const say = (message: FromWorker): void => port.postMessage(message);
  relayDiag((problem, line, over) => say({ kind: 'diag', problem, line, over }));
  const control = new Int32Array(input.control);
  const ledger = new WorkerLedger(input.ledger);
  const texts = new Texts();
  texts.learn(input.learning);
  const destination = openSink(input, ledger);
  const sink = input.webhook === undefined ? destination : tellBugs(destination, input.dir, input.webhook);
  const intake = createIntake({ rows: input.rows, side: input.side, control, ledger, texts, sink });
  const note = measureBusy(ledger);

  const stopped = (): void => {
    Atomics.store(control, STOPPING, STOPPED);
    Atomics.notify(control, STOPPING);
  };
  const flush = async ({ id, mode }: FlushMessage, untilMono: number): Promise<void> => {
    try {
      await sink.flush(untilMono, mode);
      if (mode === 'last' && Atomics.load(control, STOPPING) === WORKING) sink.close();
    } catch (error) {
      warn('pipeline-flush', `cannot flush: ${safeMessage(error)}`);
    }
    note();
    if (mode === 'last') stopped(); // a batch that comes now would open the store again, under a thread that is about to be ended
    say({ kind: 'flushed', id });
    if (Atomics.load(control, FLUSHED) < id) Atomics.store(control, FLUSHED, id); // a shorter flush may have overtaken this one
    Atomics.notify(control, FLUSHED);
    if (mode === 'last') port.close();
  };
  const work = oneATurn();
  const unlessStopping = (act: () => void) => (): void => {
    if (Atomics.load(control, STOPPING) === WORKING) act();
  };
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') {
      stopped();
      return port.close();
    }
    if (message.kind === 'batch') return work(unlessStopping(() => intake(message)));
    const untilMono = clock.mono() + message.withinMs;
    return work(unlessStopping(() => void flush(message, untilMono)));
  });
  Atomics.add(control, BEGUN, 1);
  replayJournals(input.dir, input.journals, sink, ledger, input.startMs);
}

function openSink(input: WorkerInput, ledger: WorkerLedger): Sink {
  const { sink, resource, dir } = input;
  if (sink.kind === 'store') {
    return createStoreSink(
      openWriter(dir, {
        resource,
        ...(sink.maxAgeMs === undefined ? undefined : { maxAgeMs: sink.maxAgeMs }),
        ...(sink.maxBytes === undefined ? undefined : { maxBytes: sink.maxBytes }),
      }),
    );
  }
  const spool = new Spool(dir, input.owner, input.spool, ledger);
  spool.open((signal: Signal) => input.spooled[signal]);
  return keepErrors(createOtlpSink(sink, { resource, ledger, spool }), openWriter(dir, { resource }), sink.off?.includes('logs') !== true);
}

/** Counts the time that the event loop of this thread was busy. Returns a function that counts at once. */
function measureBusy(ledger: WorkerLedger): () => void {
  let former = performance.eventLoopUtilization();
  const note = (): void => {
    const now = performance.eventLoopUtilization();
    ledger.addOverhead((now.active - former.active) / 1_000, 0);
    former = now;
  };
  const again = (): void => {
    note();
    clock.setTimeout(again, OVERHEAD_MS);
  };
  clock.setTimeout(again, OVERHEAD_MS);
  return note;
}

const { input, port } = workerData as { input: WorkerInput; port: MessagePort };
main(input, port);
