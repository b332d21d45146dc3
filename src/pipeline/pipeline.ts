import { threadId } from 'node:worker_threads';
import type { Attributes } from '../core/attributes.ts';
import { clock } from '../core/clock.ts';
import { warn } from '../core/diag.ts';
import type { SpanOutput } from '../core/ended-span.ts';
import type { MetricSnapshot } from '../core/metric-data.ts';
import { DROP_REASONS, type LedgerReport, type OverheadReport, SIGNALS } from '../core/records.ts';
import { redactor } from '../core/redact.ts';
import { Batcher, type QueueLimits } from './batcher.ts';
import { installExitHooks } from './exit.ts';
import type { Batch } from './inflight.ts';
import { Ledger, ledgerMemory } from './ledger.ts';
import { WorkerLink } from './link.ts';
import { type BatchMessage, CONTROL_WORDS, type FlushMode, type SinkOptions, type SpoolOptions } from './messages.ts';
import { BATCH_BYTES, type Learning, SIDE_BYTES, SLOTS } from './rows.ts';
import type { WebhookOptions } from './sinks/webhook-options.ts';
import { spoolOwner } from './spool.ts';

/** How a pipeline is set up. */
export interface PipelineOptions {
  /** Folder of store, journal and spool. */
  readonly dir: string;
  readonly resource: Attributes;
  readonly sink: SinkOptions;
  readonly spool?: SpoolOptions | undefined;
  /** Where bugs are told, besides the sink. */
  readonly webhook?: WebhookOptions | undefined;
  /** Bounds of the queue of spans. */
  readonly limits?: QueueLimits | undefined;
  /** Further keys of attributes whose values are secrets. */
  readonly redact?: readonly string[] | undefined;
  /** Journal files that this process writes: they are not replayed. */
  readonly journals?: readonly string[] | undefined;
  /** Told that the first `total` journal lines given to {@link Pipeline.error} are safe in the destination or the spool. */
  readonly acknowledgeErrors?: ((total: number) => void) | undefined;
  /** Called when the end of the process has drained the pipeline. */
  readonly drained?: (() => void) | undefined;
  /** Whether the end of the process drains the pipeline; default true. */
  readonly exitHooks?: boolean | undefined;
  /** The most that the end of the process waits; default 2 s. Only a receiver that does not answer makes it wait. */
  readonly exitWithinMs?: number | undefined;
}

/** The way of all records out of the app thread. */
export interface Pipeline {
  readonly output: SpanOutput;
  /** Takes a log line (JSON text) and its OpenTelemetry severity number. */
  log(line: string, severity: number): void;
  /** Counts a log line that sampling or a rate limit left out. */
  logSampledOut(): void;
  /** Takes a line of the error journal; `journaled` is false where it could not be written to the journal. */
  error(journalLine: string, journaled?: boolean): void;
  /** Takes everything that was measured, at one moment; for sinks that are receivers. */
  metrics(snapshot: MetricSnapshot): void;
  /** Sends what there is; answers whether nothing was left to send within the limit. */
  flush(withinMs: number): Promise<boolean>;
  /** Ends the pipeline. `flushed`: records brought home meanwhile; `lost`: records that were not, counted in the ledger. */
  shutdown(withinMs: number): Promise<{ readonly flushed: number; readonly lost: number }>;
  /** For an exit handler: blocks the thread until everything is home or in the spool, at most `withinMs`. */
  drainSync(withinMs: number, mode?: FlushMode): void;
  /** Has `fn` called before the last {@link Pipeline.drainSync}, for records that are made at the very end; returns what takes it away. */
  beforeDrain(fn: () => void): () => void;
  ledger(): LedgerReport & { readonly overhead: OverheadReport };
}

const EXIT_WITHIN_MS = 2_000;
/** How often a shutdown looks again for what came while it waited, within its limit. */
const ROUNDS = 3;
/** What its last step may block: what has come since goes in one request, or to the spool. */
const LAST_MS = 300;

/** Starts the pipeline and its worker thread. Never throws for what the machine lacks: that is said and counted. */
export function startPipeline(options: PipelineOptions): Pipeline {
  const rows = new SharedArrayBuffer(SLOTS * BATCH_BYTES);
  const side = new SharedArrayBuffer(SLOTS * SIDE_BYTES);
  const controlMemory = new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT);
  const control = new Int32Array(controlMemory);
  const memory = ledgerMemory();
  const ledger = new Ledger(memory);
  const startMs = clock.now();
  const owner = spoolOwner(process.pid, threadId, startMs);
  let restart: ReturnType<Batcher['beginAgain']> | undefined;
  const batcher = new Batcher({
    rows,
    side,
    control,
    ledger,
    post: (batch, learning) => link.post(toMessage(batch, learning)),
    limits: options.limits,
    redact: redactor(options.redact),
    acknowledge: options.acknowledgeErrors,
  });
  const link = new WorkerLink(
    {
      input() {
        restart = batcher.beginAgain();
        return {
          dir: options.dir,
          resource: options.resource,
          sink: options.sink,
          spool: options.spool ?? {},
          webhook: options.webhook,
          owner,
          startMs,
          rows,
          side,
          control: controlMemory,
          ledger: memory,
          spooled: ledger.spooled(),
          learning: restart.learning,
          journals: options.journals ?? [],
        };
      },
      begin(post) {
        for (const batch of restart?.batches ?? []) post(toMessage(batch, NOTHING_NEW));
      },
    },
    control,
  );
  link.start();
  let unhook: (() => void) | undefined;
  const pipeline = assemble(batcher, link, ledger, { ended: () => unhook?.(), drained: options.drained });
  if (options.exitHooks !== false) unhook = installExitHooks(pipeline, options.exitWithinMs ?? EXIT_WITHIN_MS);
  return pipeline;
}

const NOTHING_NEW: Learning = { names: undefined, keys: undefined, libraries: undefined };

function toMessage(batch: Batch, learning: Learning): BatchMessage {
  const { slot, rows, epochMs, beside, logs, severities, errors, metrics } = batch;
  return { kind: 'batch', slot, rows, epochMs, beside, logs, severities, errors, metrics, learning };
}

function assemble(batcher: Batcher, link: WorkerLink, ledger: Ledger, on: { ended(): void; drained: (() => void) | undefined }): Pipeline {
  let state: 'open' | 'ending' | 'ended' = 'open';
  const last = new Set<() => void>();
  const report = (): LedgerReport => {
    batcher.reap(); // what the worker has settled is added up here
    return ledger.report();
  };
  const close = (): void => {
    state = 'ended';
    batcher.reap();
    const late = expired(ledger.report());
    batcher.close();
    sayLate(expired(ledger.report()) - late);
  };
  // Nothing slips in behind what blocks the thread.
  const endSync = (withinMs: number, mode: FlushMode): void => {
    if (state === 'ended') return;
    batcher.post();
    link.flushSync(withinMs, mode);
    if (mode === 'last') close();
    else batcher.reap();
  };
  return {
    output: batcher,
    log: (line, severity) => batcher.log(line, severity),
    logSampledOut: () => batcher.logSampledOut(),
    error: (line, journaled) => batcher.error(line, journaled),
    metrics: (snapshot) => batcher.metrics(snapshot),
    async flush(withinMs) {
      if (state !== 'open') return true;
      batcher.post();
      const done = await link.flush(withinMs);
      const after = report();
      return done && !hasPending(after);
    },
    async shutdown(withinMs) {
      if (state !== 'open') return { flushed: 0, lost: 0 };
      state = 'ending';
      const untilMono = clock.mono() + withinMs;
      const leftMs = (): number => Math.max(0, untilMono - clock.mono());
      const before = report();
      for (let round = 0; round < ROUNDS && (round === 0 || hasPending(report())); round++) {
        batcher.post();
        await link.flush(leftMs());
      }
      endSync(Math.min(LAST_MS, leftMs()), 'last');
      await link.stop();
      on.ended();
      const after = ledger.report();
      return { flushed: home(after) - home(before), lost: given(after) - given(before) };
    },
    drainSync(withinMs, mode = 'last') {
      // Not only where it is open: the program may end the process while its shutdown is under way.
      if (mode === 'last' && state === 'open') for (const fn of last) fn();
      if (state === 'ended' || SIGNALS.every((_, i) => ledger.produced[i] === 0)) return;
      endSync(withinMs, mode);
      on.drained?.();
    },
    beforeDrain(fn) {
      last.add(fn);
      return () => last.delete(fn);
    },
    ledger: () => ({ ...report(), overhead: { appSeconds: batcher.usedSeconds, workerSeconds: ledger.workerBusySeconds } }),
  };
}

function hasPending(report: LedgerReport): boolean {
  return SIGNALS.some((signal) => report[signal].pending > 0);
}

function expired(report: LedgerReport): number {
  return SIGNALS.reduce((sum, signal) => sum + report[signal].dropped.expired, 0);
}

function sayLate(count: number): void {
  if (count > 0)
    warn('pipeline-late', `telemetry ended before ${count} records were delivered or spooled; they are counted as expired. Give shutdown() more time`);
}

/** Records that are stored, sent or on disk. */
function home(report: LedgerReport): number {
  return SIGNALS.reduce((sum, signal) => sum + report[signal].stored + report[signal].sent + report[signal].spooled, 0);
}

/** Records that were given up; what the sampler refused is none of them. */
function given(report: LedgerReport): number {
  let sum = 0;
  for (const signal of SIGNALS) for (const reason of DROP_REASONS) if (reason !== 'sampled' && reason !== 'redacted') sum += report[signal].dropped[reason];
  return sum;
}
