import { overheadSeconds } from '../core/overhead.ts';
import type { LedgerReport, Signal } from '../core/records.ts';
import { DROP_REASONS, SIGNALS } from '../core/records.ts';
import { bindCalls } from './calls.ts';
import { measureCancellation } from './cancel-latency.ts';
import { countErrors } from './errors-total.ts';
import { setTraceKept } from './exemplars.ts';
import { MAX_SERIES } from './family.ts';
import { showObjectives } from './objectives.ts';
import { watchProcess } from './process.ts';
import { allFamilies, defineReading, type Reading } from './registry.ts';
import { leavePromClient } from './render.ts';
import { watchRuntime } from './runtime.ts';
import { showMeters } from './show-meters.ts';
import { watchBottleneck } from './watch-bottleneck.ts';

/** Options of {@link startMetrics}. */
export interface MetricsOptions {
  /** Label sets per metric of ours before the rest shares one series; default 2,000. */
  readonly maxSeries?: number;
  /** The ledger, for `sonde_telemetry_records_total`. */
  readonly ledger?: () => LedgerReport;
  /** Seconds that carrying telemetry away took on either thread, for `sonde_overhead_seconds_total`. */
  readonly overhead?: () => { readonly appSeconds: number; readonly workerSeconds: number };
  /** Event loop, GC, heap, processor, memory, disk and network; default true. */
  readonly runtime?: boolean;
  /** Whether a trace is kept, where that is decided after the call; else the sampled flag is believed. */
  readonly isTraceKept?: (traceId: string) => boolean;
}

/** Telemetry's metrics under way. */
export interface Metrics {
  stop(): Promise<void>;
}

/** Begins to count calls, errors and the runtime. */
export function startMetrics(options: MetricsOptions = {}): Metrics {
  const stops = [
    bindCalls(options.maxSeries ?? MAX_SERIES),
    countErrors(),
    measureCancellation(),
    countOverflow(),
    showObjectives(),
    showMeters(),
    countOverhead(options.overhead),
  ];
  if (options.ledger) stops.push(countRecords(options.ledger));
  if (options.runtime !== false) stops.push(watchRuntime(), watchProcess(), watchBottleneck());
  setTraceKept(options.isTraceKept);
  return {
    async stop() {
      for (const stop of stops.splice(0)) stop();
      setTraceKept(undefined);
      await leavePromClient();
    },
  };
}

function countOverflow(): () => void {
  return defineReading(
    { type: 'counter', name: 'sonde_metric_overflow_total', help: 'Label sets over the cap of a metric, counted in its series "overflow"', labels: ['metric'] },
    function* (): Iterable<Reading> {
      for (const { shape, overflowed } of allFamilies()) if (overflowed > 0) yield { labels: { metric: shape.name }, value: overflowed };
    },
  );
}

function countOverhead(pipeline: MetricsOptions['overhead']): () => void {
  return defineReading(
    { type: 'counter', name: 'sonde_overhead_seconds_total', help: 'What the SDK itself used, by thread and part', labels: ['thread', 'part'] },
    function* (): Iterable<Reading> {
      for (const [part, value] of overheadSeconds()) yield { labels: { thread: 'app', part }, value };
      if (pipeline === undefined) return;
      const { appSeconds, workerSeconds } = pipeline();
      yield { labels: { thread: 'app', part: 'pipeline' }, value: appSeconds };
      yield { labels: { thread: 'worker', part: 'pipeline' }, value: workerSeconds };
    },
  );
}

function countRecords(ledger: () => LedgerReport): () => void {
  return defineReading(
    { type: 'counter', name: 'sonde_telemetry_records_total', help: 'Records by signal and what became of them', labels: ['signal', 'outcome', 'reason'] },
    function* (): Iterable<Reading> {
      const report = ledger();
      for (const signal of SIGNALS) yield* recordReadings(signal, report[signal]);
    },
  );
}

function* recordReadings(signal: Signal, entry: LedgerReport[Signal]): Iterable<Reading> {
  for (const outcome of ['produced', 'stored', 'sent', 'spooled', 'pending'] as const) yield { labels: { signal, outcome, reason: '' }, value: entry[outcome] };
  for (const reason of DROP_REASONS) if (entry.dropped[reason] > 0) yield { labels: { signal, outcome: 'dropped', reason }, value: entry.dropped[reason] };
}
