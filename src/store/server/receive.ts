import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { clock } from '../../core/clock.ts';
import type { WriteResult } from '../write-result.ts';
import type { StoreWriter } from '../writer.ts';
import { decodeOtlp, LOGS, TRACES } from './otlp-proto.ts';
import { logsOf, type ResourceBatch, tracesOf } from './otlp-records.ts';

// The collector's own limit of a request.
const MAX_BYTES = 20 * 1024 * 1024;

/** What a receiver took in so far. */
export interface Received {
  spans: number;
  logs: number;
  errors: number;
  /** Records that were refused: without IDs, not to be stored, or of a signal that is not kept. */
  rejected: number;
}

/** Takes OTLP/HTTP requests (protobuf and JSON, gzip) into a store: `POST /v1/traces` and `/v1/logs`. */
export interface Receiver {
  readonly received: Readonly<Received>;
  /** Answers a request to `/v1/...`; `false`: it is not one. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

/** Answers as the OTLP specification has it: 400 for what can never be read, 503 where sending again helps. */
export function createReceiver(writer: StoreWriter): Receiver {
  const received: Received = { spans: 0, logs: 0, errors: 0, rejected: 0 };
  return {
    received,
    async handle(request, response) {
      const signal = /^\/v1\/(traces|logs|metrics)$/.exec(new URL(request.url ?? '/', 'http://localhost').pathname)?.[1];
      if (signal === undefined) return false;
      const isJson = mediaType(request) === 'application/json';
      if (request.method !== 'POST') refuse(response, 405, 'only POST is supported', { allow: 'POST' });
      else if (!isJson && mediaType(request) !== 'application/x-protobuf') refuse(response, 415, 'expected application/x-protobuf or application/json');
      else await take(request, response, signal, isJson, writer, received);
      return true;
    },
  };
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  signal: string,
  isJson: boolean,
  writer: StoreWriter,
  received: Received,
): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) return refuse(response, 413, `a request may have ${MAX_BYTES} bytes`, { connection: 'close' });
  if (signal === 'metrics') return accept(response, isJson, 0, ''); // metrics are scraped, not kept
  let batches: { total: number; of: ResourceBatch[] };
  try {
    batches = decode(body, signal, isJson);
  } catch (error) {
    return refuse(response, 400, error instanceof Error ? error.message : 'malformed request');
  }
  const { stored, failure } = store(batches.of, writer, received);
  if (failure !== undefined) return refuse(response, 503, failure, { 'retry-after': '5' });
  const rejected = batches.total - stored;
  received.rejected += rejected;
  accept(response, isJson, rejected, signal);
}

function decode(body: Buffer, signal: string, isJson: boolean): { total: number; of: ResourceBatch[] } {
  const request = isJson ? (JSON.parse(body.toString('utf8')) as Record<string, unknown>) : decodeOtlp(body, signal === 'traces' ? TRACES : LOGS);
  if (typeof request !== 'object' || request === null) throw new TypeError('expected an object');
  const of = signal === 'traces' ? tracesOf(request) : logsOf(request, clock.now());
  return { total: countOf(request, signal), of };
}

/** How many records a request holds, those that cannot be kept included. */
function countOf(request: Record<string, unknown>, signal: string): number {
  const [groups, scopes, records] = signal === 'traces' ? ['resourceSpans', 'scopeSpans', 'spans'] : ['resourceLogs', 'scopeLogs', 'logRecords'];
  const under = (value: unknown, key: string): unknown[] => {
    const inner = (value as Record<string, unknown> | null)?.[key];
    return Array.isArray(inner) ? inner : [];
  };
  return under(request, groups as string)
    .flatMap((group) => under(group, scopes as string))
    .reduce((sum: number, scope) => sum + under(scope, records as string).length, 0);
}

/** A repeated request is harmless for spans and errors; a log line that was stored before a failure comes twice. */
function store(batches: readonly ResourceBatch[], writer: StoreWriter, received: Received): { stored: number; failure: string | undefined } {
  let stored = 0;
  let failure: string | undefined;
  const count = (result: WriteResult<unknown>, signal: 'spans' | 'logs' | 'errors'): void => {
    stored += result.stored;
    received[signal] += result.stored;
    failure ??= result.failure?.message;
  };
  for (const { resource, spans, logs, errors } of batches) {
    if (spans.length > 0) count(writer.writeSpans(spans, resource), 'spans');
    if (logs.length > 0) count(writer.writeLogs(logs, resource), 'logs');
    if (errors.length > 0) count(writer.writeErrors(errors), 'errors');
  }
  return { stored, failure };
}

function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The body, unzipped; `undefined` where it is too big, zipped or not. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const isZipped = request.headers['content-encoding'] === 'gzip';
  // A pipeline, so that a client that goes away ends the unzipping too.
  const source: AsyncIterable<Buffer> = isZipped ? pipeline(request, createGunzip(), () => {}) : request;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return Buffer.from([0xff]); // no gzip, or the client went away: it decodes as neither form
  }
  return Buffer.concat(chunks);
}

/** An answer with a partial success where records were refused: sending them again would not help. */
function accept(response: ServerResponse, isJson: boolean, rejected: number, signal: string): void {
  const name = signal === 'traces' ? 'rejectedSpans' : 'rejectedLogRecords';
  const message = 'records without IDs, or that are no JSON';
  const json = rejected === 0 ? '{}' : JSON.stringify({ partialSuccess: { [name]: String(rejected), errorMessage: message } });
  response.writeHead(200, { 'content-type': isJson ? 'application/json' : 'application/x-protobuf' });
  response.end(isJson ? json : partialSuccess(rejected, message));
}

/** ExportPartialSuccess as protobuf: rejected count (1) and message (2), in field 1 of the answer. */
function partialSuccess(rejected: number, message: string): Uint8Array {
  if (rejected === 0) return new Uint8Array();
  const count: number[] = [];
  for (let rest = rejected; ; rest = Math.floor(rest / 128)) {
    count.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  const inner = [0x08, ...count, 0x12, message.length, ...Buffer.from(message)];
  return Uint8Array.from([0x0a, inner.length, ...inner]);
}

function refuse(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ code: status === 503 ? 14 : 3, message }));
}
