import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { useDiagWriter } from '../../../src/core/diag.ts';
import type { SpanData } from '../../../src/core/records.ts';
import { mintErrorId } from '../../../src/errors/error-id.ts';
import { encodeLogsJson, encodeSpansJson } from '../../../src/pipeline/otlp/encode-json.ts';
import { encodeLogs } from '../../../src/pipeline/otlp/encode-logs.ts';
import { ProtoWriter } from '../../../src/pipeline/otlp/proto-writer.ts';
import { errorAsLog } from '../../../src/pipeline/worker/log-lines.ts';
import { openReader } from '../../../src/store/query.ts';
import { decodeOtlp, TRACES } from '../../../src/store/server/otlp-proto.ts';
import { createReceiver } from '../../../src/store/server/receive.ts';
import { openWriter } from '../../../src/store/writer.ts';
import { encodeOfficially } from '../pipeline/official-proto.ts';
import { errorRecord, logData, RESOURCE, spanData, testFolder } from './records.ts';

const PROTO = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

async function receiving(dir = testFolder()) {
  const writer = openWriter(dir, { resource: {} });
  const receiver = createReceiver(writer);
  const server = createServer(async (request, response) => {
    if (!(await receiver.handle(request, response))) response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const reader = openReader(dir);
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    writer.close();
    await reader.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = (path: string, type: string, body: Uint8Array | string, headers: Record<string, string> = {}) =>
    fetch(url + path, { method: 'POST', body, headers: { 'content-type': type, ...headers } });
  return { url, post, reader, receiver, dir };
}

/** Everything a span can carry; times on whole microseconds, which the form keeps. */
function fullSpan(): SpanData {
  return spanData({
    parentSpanId: 'c'.repeat(16),
    traceState: 'vendor=1',
    kind: 1,
    startMs: Math.floor(Date.now()) + 0.25,
    durationMs: 12.5,
    status: { code: 2, message: 'declined' },
    attributes: { text: 'ä', whole: -5, real: 0.5, yes: true, list: ['a', 'b'], big: 2 ** 40 },
    events: [{ name: 'retry', timeMs: Date.now(), attributes: { n: 1 } }],
    links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), flags: 1, attributes: { why: 'batch' } }],
    scope: { name: 'lib', version: '1.2.3' },
    droppedAttributes: 1,
    droppedEvents: 2,
    droppedLinks: 3,
  });
}

/** The request as protobufjs takes it: from our JSON form, with IDs as bytes. */
function toOfficial(json: Buffer): Record<string, unknown> {
  return JSON.parse(json.toString(), (key, value) => (/^(?:trace|span|parentSpan)Id$/.test(key) ? Buffer.from(value, 'hex').toString('base64') : value));
}

describe('the OTLP receiver', () => {
  it.each([
    ['JSON', JSON_TYPE, false],
    ['JSON, zipped', JSON_TYPE, true],
    ['protobuf', PROTO, false],
    ['protobuf, zipped', PROTO, true],
  ])('stores spans as they were sent: %s', async (_name, type, zipped) => {
    const { post, reader, receiver } = await receiving();
    const span = fullSpan();
    const json = encodeSpansJson([span], RESOURCE);
    const body = type === JSON_TYPE ? json : encodeOfficially('span', toOfficial(json));
    const response = await post('/v1/traces', type, zipped ? gzipSync(body) : body, zipped ? { 'content-encoding': 'gzip' } : {});
    expect({ status: response.status, type: response.headers.get('content-type') }).toEqual({ status: 200, type });
    const stored = (await reader.trace(span.traceId))?.spans[0];
    expect(stored).toMatchObject({ ...span, resource: RESOURCE });
    expect(receiver.received).toEqual({ spans: 1, logs: 0, errors: 0, rejected: 0 });
  });

  it.each([JSON_TYPE, PROTO])('stores log lines, and errors as errors: %s', async (type) => {
    const { post, reader, receiver } = await receiving();
    const log = logData({
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      flags: 1,
      eventName: 'order.placed',
      attributes: { order: 'o-1', nested: { deep: [1, null, true] } },
    });
    const error = errorRecord({ trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16), trace_flags: 1, 'order.id': 'o-1', ...RESOURCE });
    const logs = [log, errorAsLog(error, RESOURCE)];
    const body = type === JSON_TYPE ? encodeLogsJson(logs, RESOURCE) : encodeLogs(new ProtoWriter(), logs, RESOURCE);
    expect((await post('/v1/logs', type, body)).status).toBe(200);
    expect((await reader.logs({})).items).toEqual([{ ...log, resource: RESOURCE }]);
    expect(await reader.error(error['error.id'])).toEqual(error);
    expect(receiver.received).toEqual({ spans: 0, logs: 1, errors: 1, rejected: 0 });
  });

  it('makes an error record of what another SDK sends with an error ID', async () => {
    const { post, reader } = await receiving();
    const id = mintErrorId();
    const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const record = {
      observedTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
      severityNumber: 17,
      body: { stringValue: 'it broke\n  at line 3' },
      attributes: [attribute('error.id', id.toLowerCase()), attribute('exception.type', 'ValueError')],
    };
    await post('/v1/logs', JSON_TYPE, JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }));
    expect(await reader.error(id)).toMatchObject({
      'error.id': id,
      message: 'it broke',
      'exception.type': 'ValueError',
      'exception.stacktrace': '  at line 3',
      'sonde.error.kind': 'bug',
    });
  });

  it('says how many it refused, in the form of the request', async () => {
    const { post, receiver } = await receiving();
    const body = JSON.stringify({
      resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: '0'.repeat(32), spanId: 'b'.repeat(16) }, { name: 'no IDs' }, null] }] }],
    });
    const answer = await post('/v1/traces', JSON_TYPE, body);
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({ status: 200, body: { partialSuccess: { rejectedSpans: '3' } } });
    expect(receiver.received.rejected).toBe(3);
  });

  it.each<[string, string, RequestInit, number]>([
    ['another method', '/v1/traces', { method: 'GET' }, 405],
    ['another type', '/v1/traces', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }, 415],
    ['no type', '/v1/logs', { method: 'POST' }, 415],
    ['broken JSON', '/v1/traces', { method: 'POST', body: '{', headers: { 'content-type': JSON_TYPE } }, 400],
    ['JSON that is no object', '/v1/traces', { method: 'POST', body: 'null', headers: { 'content-type': JSON_TYPE } }, 400],
    ['JSON of another shape', '/v1/traces', { method: 'POST', body: '{"resourceSpans":{"x":1}}', headers: { 'content-type': JSON_TYPE } }, 200],
    ['broken protobuf', '/v1/traces', { method: 'POST', body: Uint8Array.from([0x0a, 0xff]), headers: { 'content-type': PROTO } }, 400],
    ['broken gzip', '/v1/logs', { method: 'POST', body: 'no gzip', headers: { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' } }, 400],
    ['metrics, which are not kept', '/v1/metrics', { method: 'POST', body: '{}', headers: { 'content-type': JSON_TYPE } }, 200],
    [
      'too much, unzipped',
      '/v1/logs',
      { method: 'POST', body: gzipSync(Buffer.alloc(21 * 1024 * 1024)), headers: { 'content-type': PROTO, 'content-encoding': 'gzip' } },
      413,
    ],
    ['another path', '/v2/traces', { method: 'POST' }, 404],
  ])('answers %s', async (_name, path, init, status) => {
    const { url } = await receiving();
    expect((await fetch(url + path, init)).status).toBe(status);
  });

  it('asks to send again what the store cannot take now', async () => {
    const said: string[] = [];
    onTestFinished(useDiagWriter((line) => said.push(line)));
    const dir = '/proc/self/nowhere';
    const { post } = await receiving(dir);
    const answer = await post('/v1/logs', JSON_TYPE, encodeLogsJson([logData()], RESOURCE));
    expect({ status: answer.status, again: answer.headers.get('retry-after'), said: said.length }).toEqual({ status: 503, again: '5', said: 1 });
  });

  it('reads nothing but a range error out of any bytes', () => {
    const good = encodeOfficially('span', toOfficial(encodeSpansJson([fullSpan()], RESOURCE)));
    let refused = 0;
    for (let i = 0; i < 2_000; i++) {
      const bytes = Uint8Array.from(good);
      bytes[(i * 7919) % bytes.length] = (i * 31) % 256;
      try {
        decodeOtlp(i % 3 === 0 ? bytes.subarray(0, i % bytes.length) : bytes, TRACES);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
