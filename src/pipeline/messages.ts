import type { Attributes } from '../core/attributes.ts';
import type { MetricSnapshot } from '../core/metric-data.ts';
import type { Signal } from '../core/records.ts';
import { type Beside, type Learning, SLOTS } from './rows.ts';
import type { WebhookOptions } from './sinks/webhook-options.ts';

/** A batch on its way to the worker. Its rows and their side bytes lie in the shared memory, in `slot`. */
export interface BatchMessage {
  readonly kind: 'batch';
  readonly slot: number;
  readonly rows: number;
  /** What turns monotonic milliseconds into milliseconds since the Unix epoch. */
  readonly epochMs: number;
  readonly beside: readonly Beside[];
  /** JSON lines as they were written. */
  readonly logs: readonly string[];
  /** OpenTelemetry severity numbers of `logs`. */
  readonly severities: readonly number[];
  /** Journal lines. */
  readonly errors: readonly string[];
  readonly metrics: readonly MetricSnapshot[];
  readonly learning: Learning;
}

/**
 * How far a flush goes at its limit. `wait`: what is under way stays under way. `park`: it is given up and put in the
 * spool, because the process may end any moment. `last`: the same, and nothing will follow.
 */
export type FlushMode = 'wait' | 'park' | 'last';

/** Asks the worker to bring everything home within `withinMs`. */
export interface FlushMessage {
  readonly kind: 'flush';
  readonly id: number;
  readonly withinMs: number;
  readonly mode: FlushMode;
}

/** Puts down what is waiting: what is under way is finished, the rest stays where it is. */
export interface StopMessage {
  readonly kind: 'stop';
}

export type ToWorker = BatchMessage | FlushMessage | StopMessage;

export type FromWorker =
  | { readonly kind: 'flushed'; readonly id: number }
  | { readonly kind: 'diag'; readonly problem: string; readonly line: string; readonly over: boolean };

/** Where everything goes. */
export type SinkOptions = StoreSinkOptions | OtlpSinkOptions;

export interface StoreSinkOptions {
  readonly kind: 'store';
  /** Days are removed above this age; the store's default where it is left out. */
  readonly maxAgeMs?: number | undefined;
  /** The oldest days are removed above this size; the store's default where it is left out. */
  readonly maxBytes?: number | undefined;
}

export interface OtlpSinkOptions extends OtlpRequestOptions {
  readonly kind: 'otlp';
  /** Base URL; `v1/traces` and so on are appended. */
  readonly endpoint: string;
  /** Whole URLs of single signals, used as they are. */
  readonly endpoints?: { readonly traces?: string | undefined; readonly logs?: string | undefined; readonly metrics?: string | undefined } | undefined;
  /** What differs for one signal. */
  readonly bySignal?: { readonly [signal in 'traces' | 'logs' | 'metrics']?: OtlpRequestOptions } | undefined;
  /** Signals that are not sent: counted as `sampled`; error records stay in the store. */
  readonly off?: readonly ('traces' | 'logs')[] | undefined;
}

/** How a request of OTLP is made. */
export interface OtlpRequestOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly protocol?: 'http/protobuf' | 'http/json' | undefined;
  readonly compression?: 'gzip' | 'none' | undefined;
  /** Limit of one request; default 10 s, as OpenTelemetry's. */
  readonly timeoutMs?: number | undefined;
  /** Paths of PEM files. */
  readonly tls?: TlsFiles | undefined;
}

export interface TlsFiles {
  readonly certificate?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
}

/** The spool on disk, used where the receiver cannot be reached. */
export interface SpoolOptions {
  /** Above it the oldest records are dropped and counted. Default 256 MiB: about two million spans. */
  readonly maxBytes?: number | undefined;
  /** What is older is dropped as `expired`. Default 7 days: receivers refuse older records. */
  readonly maxAgeMs?: number | undefined;
}

/** Everything a worker needs to start. */
export interface WorkerInput {
  readonly dir: string;
  readonly resource: Attributes;
  readonly sink: SinkOptions;
  readonly spool: SpoolOptions;
  /** Where bugs are told. */
  readonly webhook?: WebhookOptions | undefined;
  /** Name of this pipeline's folder in the spool; stays when the worker is started anew. */
  readonly owner: string;
  readonly startMs: number;
  /** Rows, {@link SLOTS} times {@link BATCH_BYTES}. */
  readonly rows: SharedArrayBuffer;
  /** Side bytes, {@link SLOTS} times {@link SIDE_BYTES}. */
  readonly side: SharedArrayBuffer;
  /** See {@link CONTROL_WORDS}. */
  readonly control: SharedArrayBuffer;
  readonly ledger: SharedArrayBuffer;
  /** Records that are counted as spooled when the worker starts. */
  readonly spooled: Readonly<Record<Signal, number>>;
  readonly learning: Learning;
  /** Journal files of this process (without their segment numbers): not to be replayed. */
  readonly journals: readonly string[];
}

/** Words of the control memory: the number of the last flush that is done, whether the worker has to stop, how many workers have begun, then the state of each slot. */
export const FLUSHED = 0;
export const STOPPING = 1;
export const BEGUN = 2;
export const SLOT_STATES = 3;
export const CONTROL_WORDS: number = SLOT_STATES + SLOTS;

/** States of {@link STOPPING}. */
export const WORKING = 0;
export const STOP_ASKED = 1;
export const STOPPED = 2;

/**
 * States of a slot: the app thread sets `POSTED`; the worker `IN_WORK` while it takes the batch apart, and `SETTLED`; the app
 * thread `GIVEN_UP` where it waits no longer. Whoever ends a batch does so by one atomic step, so that it is counted once.
 */
export const POSTED = 1;
export const SETTLED = 2;
export const IN_WORK = 3;
export const GIVEN_UP = 4;
