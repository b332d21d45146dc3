import type { Attributes, AttributeValue } from './attributes.ts';

/** The signals that the ledger counts. */
export type Signal = 'span' | 'log' | 'error' | 'metric';
export const SIGNALS: readonly Signal[] = ['span', 'log', 'error', 'metric'];

/** Why a record was dropped (the ledger's reasons). */
export type DropReason = 'sampled' | 'queue_full' | 'too_large' | 'rejected' | 'expired' | 'spool_full' | 'redacted';
export const DROP_REASONS: readonly DropReason[] = ['sampled', 'queue_full', 'too_large', 'rejected', 'expired', 'spool_full', 'redacted'];

/** The ledger of one signal: `produced = stored + sent + spooled + pending + Σ dropped`. */
export interface SignalLedger {
  readonly produced: number;
  readonly stored: number;
  readonly sent: number;
  readonly spooled: number;
  readonly pending: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
}
export type LedgerReport = Readonly<Record<Signal, SignalLedger>> & { readonly overhead?: OverheadReport };

/** What carrying records away cost: estimated from samples on the app thread, measured in the worker. */
export interface OverheadReport {
  readonly appSeconds: number;
  readonly workerSeconds: number;
}

/** A finished span, materialised (in the worker, in tests, from the store). */
export interface SpanData {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly traceState: string | undefined;
  /** W3C trace flags. */
  readonly flags: number;
  readonly name: string;
  /** OpenTelemetry API `SpanKind`: 0 internal, 1 server, 2 client, 3 producer, 4 consumer. */
  readonly kind: number;
  /** Milliseconds since the Unix epoch, with a fraction. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly status: { readonly code: 0 | 1 | 2; readonly message?: string | undefined };
  readonly attributes: Attributes;
  readonly events: readonly SpanEventData[];
  readonly links: readonly SpanLinkData[];
  readonly scope: { readonly name: string; readonly version?: string | undefined };
  readonly droppedAttributes: number;
  readonly droppedEvents: number;
  readonly droppedLinks: number;
}

export interface SpanEventData {
  readonly name: string;
  readonly timeMs: number;
  readonly attributes: Attributes;
}

export interface SpanLinkData {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState?: string | undefined;
  readonly flags: number;
  readonly attributes: Attributes;
}

/** A value that a log record or an error record can carry. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A log record, materialised. Error records become one too on their way to OTLP. */
export interface LogData {
  readonly timeMs: number;
  readonly observedMs: number;
  /** OpenTelemetry severity number, 1 to 24. */
  readonly severity: number;
  /** Lower case: `info`. */
  readonly level: string;
  readonly message: string;
  readonly logger: string;
  readonly eventName: string | undefined;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly flags: number;
  readonly attributes: { readonly [key: string]: JsonValue };
}

/** One line of the journal and one row of the store: the error record (flat, dotted keys). */
export interface ErrorRecord {
  readonly timestamp: string;
  readonly observed_timestamp: string;
  readonly level: 'fatal' | 'error' | 'warn' | 'debug';
  readonly severity_number: 21 | 17 | 13 | 5;
  readonly message: string;
  readonly 'event.name': 'exception';
  readonly logger: string;
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly trace_flags?: number;
  readonly 'exception.type': string;
  readonly 'exception.message': string;
  readonly 'exception.stacktrace': string;
  readonly 'error.id': string;
  readonly 'error.code'?: string;
  readonly 'error.type': string;
  readonly 'sonde.error.kind': 'bug' | 'known';
  readonly 'sonde.error.fingerprint': string;
  readonly [key: string]: JsonValue | undefined;
}

/** Bound and call attributes as they are joined from scopes. */
export type AttributeBag = Record<string, AttributeValue | undefined>;
