import { clock } from '../core/clock.ts';
import { downstreamFailed } from '../core/events.ts';
import { outgoingBegan, outgoingEnded } from '../core/outgoing.ts';
import type { AttributeBag } from '../core/records.ts';
import { currentScope } from '../core/scope.ts';
import { bounded, knownMethod } from './attributes.ts';
import { DEADLINE_HEADER, formatDeadlineHeader } from './deadline-header.ts';
import { type HttpRecorder, type HttpSpans, KIND_CLIENT, type SpanScope } from './port.ts';

/** Where an outgoing request goes. */
export interface Target {
  readonly method: string | undefined;
  readonly host: string;
  readonly port: number;
  /** The whole URL, masked. */
  readonly url: string;
}

/** How outgoing requests are watched. */
export interface HttpClientOptions {
  readonly spans: HttpSpans;
  readonly recorder?: HttpRecorder | undefined;
  /** Requests to these `host:port` are not watched, such as those to the collector itself. */
  readonly ignoreHosts?: ReadonlySet<string> | undefined;
}

/** One outgoing request: its span from the moment it was made to its last byte. */
export class ClientCall {
  readonly #options: HttpClientOptions;
  readonly #target: Target;
  readonly #method: string;
  readonly #scope: SpanScope;
  #status = 0;
  #protocol: string | undefined;
  #done = false;

  constructor(options: HttpClientOptions, target: Target) {
    this.#options = options;
    this.#target = target;
    this.#method = knownMethod(target.method);
    this.#scope = options.spans.start(this.#name(), KIND_CLIENT, currentScope(), { 'server.address': target.host });
    outgoingBegan(this, this.#scope.startMono);
  }

  /** Writes the trace headers and the deadline header. */
  inject(set: (name: string, value: string) => void): void {
    this.#options.spans.inject(this.#scope, set);
    const deadlineMs = this.#scope.limit?.deadlineMs;
    if (deadlineMs !== undefined && deadlineMs !== Number.POSITIVE_INFINITY) set(DEADLINE_HEADER, formatDeadlineHeader(deadlineMs - clock.mono()));
  }

  /** `errorId` is the `X-Error-Id` of an answer that is a failure. */
  responded(status: number, protocol?: string, errorId?: string): void {
    this.#status = status;
    this.#protocol = protocol;
    const traceId = errorId === undefined || status < 400 ? undefined : this.#scope.span?.spanContext().traceId;
    if (traceId !== undefined && downstreamFailed.active) downstreamFailed.publish({ traceId, errorId: errorId as string });
  }

  /** Ends the span; only the first ending counts. An abort is a cancellation, any other error a failure. */
  end(error?: unknown): void {
    if (this.#done) return;
    this.#done = true;
    const cancelled = isAbort(error);
    const errorType = error !== undefined && !cancelled ? errorTypeOf(error) : this.#status >= 400 ? String(this.#status) : undefined;
    const bag: AttributeBag = {
      'http.request.method': this.#method,
      'server.address': this.#target.host,
      'server.port': this.#target.port,
      'url.full': this.#target.url,
    };
    if (this.#method === '_OTHER') bag['http.request.method_original'] = bounded(this.#target.method ?? '');
    if (this.#status !== 0) bag['http.response.status_code'] = this.#status;
    if (this.#protocol !== undefined && this.#protocol !== '1.1') bag['network.protocol.version'] = this.#protocol;
    if (errorType !== undefined) bag['error.type'] = errorType;
    if (cancelled) bag['sonde.cancelled'] = true;
    const endMono = clock.mono();
    outgoingEnded(this, endMono);
    this.#options.spans.end(this.#scope, this.#name(), bag, { errorType, cancelled }, endMono);
    const measure = { method: this.#method, host: this.#target.host, port: this.#target.port, status: this.#status, errorType };
    this.#options.recorder?.client(endMono - this.#scope.startMono, measure, this.#scope);
  }

  #name(): string {
    return this.#method === '_OTHER' ? 'HTTP' : this.#method;
  }
}

/** Whether a request to this place is watched. */
export function watched(options: HttpClientOptions, host: string, port: number): boolean {
  return options.ignoreHosts === undefined || !options.ignoreHosts.has(`${host}:${port}`);
}

function isAbort(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return name === 'AbortError' || code === 'ABORT_ERR' || code === 'UND_ERR_ABORTED' || code === 20;
}

/** A low-cardinality name: the system's or undici's code, else the class. */
function errorTypeOf(error: unknown): string {
  const { code, name, cause } = (error ?? {}) as { code?: unknown; name?: unknown; cause?: { code?: unknown } };
  if (typeof code === 'string' && code !== '') return code;
  if (typeof cause?.code === 'string') return cause.code;
  return typeof name === 'string' && name !== '' ? name : '_OTHER';
}
