import { gzipSync } from 'node:zlib';
import type { Attributes } from '../../core/attributes.ts';
import { countPoints, type MetricSnapshot } from '../../core/metric-data.ts';
import type { ErrorRecord, LogData, Signal } from '../../core/records.ts';
import type { WorkerLedger } from '../ledger.ts';
import type { OtlpRequestOptions, OtlpSinkOptions } from '../messages.ts';
import { encodeLogsJson, encodeSpansJson } from '../otlp/encode-json.ts';
import { encodeLogs } from '../otlp/encode-logs.ts';
import { encodeMetrics } from '../otlp/encode-metrics.ts';
import { encodeMetricsJson } from '../otlp/encode-metrics-json.ts';
import { encodeSpans } from '../otlp/encode-spans.ts';
import { ProtoWriter } from '../otlp/proto-writer.ts';
import type { Spool } from '../spool.ts';
import { errorAsLog } from '../worker/log-lines.ts';
import { materialiseSpans } from '../worker/span-rows.ts';
import { Delivery, type Parcel } from './delivery.ts';
import { Poster } from './http-post.ts';
import type { Part, Sink } from './sink.ts';

const TIMEOUT_MS = 10_000;
/** IDs do not compress and the rest compresses well at any level: the fastest. */
const GZIP_LEVEL = 1;

const PATHS: Readonly<Record<Signal, 'traces' | 'logs' | 'metrics'>> = { span: 'traces', log: 'logs', error: 'logs', metric: 'metrics' };

/** What the sink needs of the worker. */
export interface OtlpSinkContext {
  readonly resource: Attributes;
  readonly ledger: WorkerLedger;
  readonly spool: Spool;
}

/** Sends everything to an OTLP/HTTP receiver. */
export function createOtlpSink(options: OtlpSinkOptions, context: OtlpSinkContext): Sink {
  const { resource, ledger, spool } = context;
  const requests = { traces: requestOf(options, 'traces'), logs: requestOf(options, 'logs'), metrics: requestOf(options, 'metrics') };
  const isJson = (signal: Signal): boolean => requests[PATHS[signal]].protocol === 'http/json';
  const out = new ProtoWriter();
  const posters = new Posters();
  const delivery = new Delivery({ spool, ledger, receiver: withoutSecrets(options.endpoint), post: postTo(requests, posters) });

  /** A parcel of the records `from` to `to`, which can be halved as long as the batch is there. */
  const parcel = (
    part: Part,
    from: number,
    to: number,
    encode: (from: number, to: number) => Buffer,
    countOf = (first: number, end: number): number => end - first,
  ): Parcel => {
    const plain = encode(from, to);
    const gzip = requests[PATHS[part.signal]].compression === 'gzip';
    return {
      signal: part.signal,
      count: countOf(from, to),
      body: gzip ? gzipSync(plain, { level: GZIP_LEVEL }) : plain,
      json: isJson(part.signal),
      gzip,
      settle: (tally) => part.settle(tally),
      split: () => {
        if (to - from < 2) return [];
        const middle = (from + to) >>> 1;
        return [parcel(part, from, middle, encode, countOf), parcel(part, middle, to, encode, countOf)];
      },
    };
  };

  const isOff = (signal: Signal): boolean => options.off?.some((path) => path === PATHS[signal]) === true;

  const sendLogs = (logs: readonly LogData[], part: Part): void => {
    const json = isJson(part.signal);
    const encode = (from: number, to: number): Buffer =>
      json ? encodeLogsJson(logs.slice(from, to), resource) : encodeLogs(out, logs.slice(from, to), resource);
    delivery.offer(parcel(part, 0, logs.length, encode));
  };

  return {
    spans(rows, part) {
      if (isOff('span')) return part.settle({ dropped: { sampled: part.left } });
      const json = isJson('span');
      const encode = (from: number, to: number): Buffer =>
        json ? encodeSpansJson(materialiseSpans(rows, from, to), resource) : encodeSpans(out, rows, resource, from, to);
      delivery.offer(parcel(part, 0, rows.count, encode));
    },
    logs: (logs, part) => (isOff('log') ? part.settle({ dropped: { sampled: part.left } }) : sendLogs(logs, part)),
    errors: (errors: readonly ErrorRecord[], part) =>
      sendLogs(
        errors.map((error) => errorAsLog(error, resource)),
        part,
      ),
    metrics(snapshots, part) {
      const json = isJson('metric');
      for (const snapshot of snapshots) {
        // Halving is by metric; the count of each half is of points.
        const between = (from: number, to: number): MetricSnapshot => ({ ...snapshot, metrics: snapshot.metrics.slice(from, to) });
        const encode = (from: number, to: number): Buffer =>
          json ? encodeMetricsJson(between(from, to), resource) : encodeMetrics(out, between(from, to), resource);
        delivery.offer(parcel(part, 0, snapshot.metrics.length, encode, (from, to) => countPoints([between(from, to)])));
      }
    },
    flush: (untilMono, mode) => delivery.flush(untilMono, mode),
    close() {
      delivery.close();
      posters.close();
    },
  };
}

/** How the requests of one signal are made, and where they go. */
interface Request extends OtlpRequestOptions {
  readonly url: URL;
}

function requestOf({ bySignal, ...shared }: OtlpSinkOptions, path: 'traces' | 'logs' | 'metrics'): Request {
  const own = bySignal?.[path];
  return { ...shared, ...own, headers: { ...shared.headers, ...own?.headers }, url: urlOf(shared, path) };
}

/** Signals with the same certificates share their connections. */
class Posters {
  readonly #posters = new Map<string, Poster>();

  for({ tls = {} }: OtlpRequestOptions): Poster {
    const key = JSON.stringify([tls.certificate, tls.clientCertificate, tls.clientKey]);
    const poster = this.#posters.get(key) ?? new Poster(tls);
    this.#posters.set(key, poster);
    return poster;
  }

  close(): void {
    for (const poster of this.#posters.values()) poster.close();
  }
}

function postTo(
  requests: Readonly<Record<'traces' | 'logs' | 'metrics', Request>>,
  posters: Posters,
): (parcel: Parcel, timeoutMs: number | undefined, signal: AbortSignal) => ReturnType<Poster['post']> {
  return (parcel, timeoutMs, signal) => {
    const request = requests[PATHS[parcel.signal]];
    return posters.for(request).post({
      url: request.url,
      headers: {
        'user-agent': 'sonde-otlp',
        ...request.headers,
        'content-type': parcel.json ? 'application/json' : 'application/x-protobuf',
        ...(parcel.gzip ? { 'content-encoding': 'gzip' } : undefined),
      },
      body: parcel.body,
      timeoutMs: timeoutMs ?? request.timeoutMs ?? TIMEOUT_MS,
      signal,
    });
  };
}

/** The URL of a signal: its own as it is, else the base with `v1/<signal>`. */
function urlOf(options: Pick<OtlpSinkOptions, 'endpoint' | 'endpoints'>, path: 'traces' | 'logs' | 'metrics'): URL {
  return new URL(options.endpoints?.[path] ?? `${options.endpoint.replace(/\/+$/, '')}/v1/${path}`);
}

function withoutSecrets(endpoint: string): string {
  const url = new URL(endpoint);
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
}
