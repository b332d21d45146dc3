import type { IncomingHttpHeaders } from 'node:http';
import type { Attributes } from '../core/attributes.ts';
import type { AttributeBag } from '../core/records.ts';
import type { Scope } from '../core/scope.ts';

/** OpenTelemetry's span kinds that HTTP needs. */
export const KIND_SERVER = 1;
export const KIND_CLIENT = 2;

/** How a request ended. A request that somebody gave up is cancelled, never failed. */
export interface HttpOutcome {
  /** A low-cardinality `error.type`, where it failed. */
  readonly errorType: string | undefined;
  readonly cancelled: boolean;
}

/** A scope whose span knows when it began, so that nobody reads the clock again. */
export interface SpanScope extends Scope {
  /** Monotonic milliseconds. */
  readonly startMono: number;
}

/** What this layer needs of a tracing engine; the runtime gives one. */
export interface HttpSpans {
  /** The scope that the trace headers of an incoming request describe; the root scope where there are none. */
  extract(headers: IncomingHttpHeaders): Scope;
  /** Writes the trace headers of `scope`. */
  inject(scope: Scope, set: (name: string, value: string) => void): void;
  /** Starts a span below `parent` and returns the scope in which it is the active one. */
  start(name: string, kind: number, parent: Scope, attributes: Attributes): SpanScope;
  /**
   * Ends the span of a scope that {@link start} gave. `shared` are the attributes that it has in common with others: one
   * object for all of them, which is never changed.
   */
  end(scope: Scope, name: string, attributes: AttributeBag, outcome: HttpOutcome, endMono: number, shared?: Attributes): void;
}

/** Label values of the server's histogram, in OpenTelemetry's terms. */
export interface ServerMeasure {
  readonly method: string;
  readonly scheme: string;
  /** 0 where no response was sent. */
  readonly status: number;
  readonly route: string | undefined;
  readonly errorType: string | undefined;
}

/** Label values of the client's histogram. */
export interface ClientMeasure {
  readonly method: string;
  readonly host: string;
  readonly port: number;
  /** 0 where no response came. */
  readonly status: number;
  readonly errorType: string | undefined;
}

/** One series of the server's histogram. */
export interface ServerSeries {
  /** Takes a duration in seconds; the scope's trace may become its exemplar. */
  observeIn(seconds: number, scope: Scope): void;
}

/** Where durations go; the runtime joins it with the metrics layer. */
export interface HttpRecorder {
  /** The series of requests of one kind; it is kept and asked for once. */
  server(measure: ServerMeasure): ServerSeries;
  client(durationMs: number, measure: ClientMeasure, scope: Scope): void;
  /** A deadline header that could not be read was ignored. */
  badDeadline(): void;
}
