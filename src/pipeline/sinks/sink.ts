import type { MetricSnapshot } from '../../core/metric-data.ts';
import type { ErrorRecord, LogData, Signal } from '../../core/records.ts';
import type { Tally } from '../ledger.ts';
import type { FlushMode } from '../messages.ts';
import type { SpanRows } from '../worker/batch-rows.ts';

/** A destination of the worker. It settles every part it was given, now or later; what it cannot yet settle is pending. */
export interface Sink {
  spans(rows: SpanRows, part: Part): void;
  logs(logs: readonly LogData[], part: Part): void;
  errors(errors: readonly ErrorRecord[], part: Part): void;
  /** A sink that has no place for metrics refuses them. */
  metrics(snapshots: readonly MetricSnapshot[], part: Part): void;
  /** Brings home what it can until `untilMono`; see {@link FlushMode} for the rest. */
  flush(untilMono: number, mode: FlushMode): Promise<void>;
  close(): void;
}

/** The records of one signal in one batch. */
export interface Part {
  readonly signal: Signal;
  /** Records whose fate is not told yet. */
  readonly left: number;
  /** Tells what became of some of its records; once the counts are complete the batch can be forgotten. */
  settle(tally: Tally): void;
}
