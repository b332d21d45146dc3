import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLogsJson } from '../../../src/pipeline/otlp/encode-json.ts';
import { encodeLogs } from '../../../src/pipeline/otlp/encode-logs.ts';
import { ProtoWriter } from '../../../src/pipeline/otlp/proto-writer.ts';
import { splitRequest } from '../../../src/pipeline/otlp/split-request.ts';
import { parseLogLine } from '../../../src/pipeline/worker/log-lines.ts';
import { decodeOfficially } from './official-proto.ts';

const out = new ProtoWriter();
const resource = { 'service.name': 'shop', 'process.pid': 7 };
const logsOf = (loggers: readonly string[]) => loggers.map((logger, i) => parseLogLine(JSON.stringify({ logger, message: `m${i}` }), 9, 1_000));

interface Scope {
  readonly scope: { readonly name?: string };
  readonly logRecords: { readonly body: { readonly stringValue: string } }[];
}

/** `logger:message` of every record, in order. */
function linesOf(request: { resourceLogs: { resource: object; scopeLogs: Scope[] }[] }): string[] {
  expect(request.resourceLogs).toHaveLength(1);
  expect(request.resourceLogs[0]?.resource).toMatchObject({ attributes: [{ key: 'service.name' }, { key: 'process.pid' }] });
  return (request.resourceLogs[0]?.scopeLogs ?? []).flatMap((scope) =>
    scope.logRecords.map((record) => `${scope.scope.name ?? ''}:${record.body.stringValue}`),
  );
}

const loggers = fc.array(fc.constantFrom('', 'a', 'b', 'c'), { minLength: 2, maxLength: 20 });

describe('a request that is divided', () => {
  it('has each record in one half, in protobuf', () => {
    fc.assert(
      fc.property(loggers, fc.boolean(), (names, gzip) => {
        const whole = encodeLogs(out, logsOf(names), resource);
        const halves = splitRequest(gzip ? gzipSync(whole) : whole, false, gzip) ?? [];
        const decoded = halves.map((half) => linesOf(decodeOfficially('log', gzip ? gunzipSync(half.body) : half.body)));
        expect(decoded.map((lines) => lines.length)).toEqual(halves.map((half) => half.count));
        expect(decoded.flat()).toEqual(linesOf(decodeOfficially('log', whole)));
        expect(decoded[0]?.length).toBe(names.length >> 1);
      }),
    );
  });

  it('has each record in one half, in JSON', () => {
    fc.assert(
      fc.property(loggers, (names) => {
        const whole = encodeLogsJson(logsOf(names), resource);
        const halves = splitRequest(whole, true, false) ?? [];
        const decoded = halves.map((half) => linesOf(JSON.parse(half.body.toString('utf8'))));
        expect(decoded.map((lines) => lines.length)).toEqual(halves.map((half) => half.count));
        expect(decoded.flat()).toEqual(linesOf(JSON.parse(whole.toString('utf8'))));
      }),
    );
  });

  it('is left whole where it cannot be divided', () => {
    expect(splitRequest(encodeLogs(out, logsOf(['a']), resource), false, false)).toBeUndefined();
    expect(splitRequest(encodeLogsJson(logsOf(['a']), resource), true, false)).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), fc.boolean(), (bytes, json, gzip) => {
        const halves = splitRequest(bytes, json, gzip);
        expect(halves === undefined || halves.length === 2).toBe(true);
      }),
    );
  });
});
