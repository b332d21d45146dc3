import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { encodeLogsJson } from '../../../src/pipeline/otlp/encode-json.ts';
import { encodeLogs } from '../../../src/pipeline/otlp/encode-logs.ts';
import { ProtoWriter } from '../../../src/pipeline/otlp/proto-writer.ts';
import { errorAsLog, parseLogLine } from '../../../src/pipeline/worker/log-lines.ts';
import { decodeOfficially } from './official-proto.ts';

const out = new ProtoWriter();
const resource = { 'service.name': 'shop' };
const line = JSON.stringify({
  timestamp: '2026-11-21T08:00:00.123Z',
  level: 'warn',
  message: 'slow',
  logger: 'orders',
  trace_id: '0af7651916cd43dd8448eb211c80319c',
  span_id: 'b7ad6b7169203331',
  trace_flags: 1,
  'request.id': 'r-1',
  nested: { list: [1, 'two', null, { deep: true }] },
  ratio: 0.5,
});

describe('log lines', () => {
  it('become records with their own fields apart from the rest', () => {
    const log = parseLogLine(line, 13, 0);
    expect(log).toMatchObject({ timeMs: Date.UTC(2026, 10, 21, 8, 0, 0, 123), severity: 13, level: 'warn', message: 'slow', logger: 'orders', flags: 1 });
    expect(log.attributes).toEqual({ 'request.id': 'r-1', nested: { list: [1, 'two', null, { deep: true }] }, ratio: 0.5 });
  });

  it('that are no JSON are a message', () => {
    expect(parseLogLine('plain text', 9, 5)).toMatchObject({ timeMs: 5, message: 'plain text', level: 'info', attributes: {} });
    expect(parseLogLine('[1]', 17, 5)).toMatchObject({ message: '[1]', level: 'error' });
  });

  it('with IDs that are none leave without them', () => {
    expect(parseLogLine('{"trace_id":"xyz","span_id":"B7AD6B7169203331"}', 9, 5)).toMatchObject({ traceId: undefined, spanId: undefined });
  });

  it('decode with the official schema', () => {
    const [group] = decodeOfficially('log', encodeLogs(out, [parseLogLine(line, 13, 0)], resource)).resourceLogs[0].scopeLogs;
    expect(group.scope.name).toBe('orders');
    expect(group.logRecords[0]).toMatchObject({
      timeUnixNano: '1795248000123000000',
      observedTimeUnixNano: '1795248000123000000',
      severityNumber: 13,
      severityText: 'WARN',
      body: { stringValue: 'slow' },
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      flags: 1,
    });
    const nested = group.logRecords[0].attributes.find((attribute: { key: string }) => attribute.key === 'nested');
    expect(nested.value.kvlistValue.values[0].value.arrayValue.values).toMatchObject([
      { intValue: '1' },
      { stringValue: 'two' },
      {},
      { kvlistValue: { values: [{ key: 'deep', value: { boolValue: true } }] } },
    ]);
  });

  it('say the same in JSON and in protobuf, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('a', 'b')), { minLength: 1, maxLength: 8 }), (items) => {
        const logs = items.map(([message, extra, logger]) => parseLogLine(JSON.stringify({ message, logger, extra }), 9, 1_000));
        const proto = decodeOfficially('log', encodeLogs(out, logs, resource)).resourceLogs[0].scopeLogs;
        const json = JSON.parse(encodeLogsJson(logs, resource).toString('utf8')).resourceLogs[0].scopeLogs;
        const bodies = (groups: { scope: { name: string }; logRecords: { body?: { stringValue?: string } }[] }[]) =>
          groups.map((group) => [group.scope.name, group.logRecords.map((record) => record.body?.stringValue ?? '')]);
        expect(bodies(proto)).toEqual(bodies(json));
        expect(bodies(json).flatMap(([, texts]) => texts).length).toBe(items.length);
      }),
    );
  });
});

describe('error records', () => {
  const record = {
    timestamp: '2026-11-21T08:00:00.000Z',
    observed_timestamp: '2026-11-21T08:00:01.000Z',
    level: 'error',
    severity_number: 17,
    message: 'it broke',
    'event.name': 'exception',
    logger: 'orders',
    'exception.type': 'Error',
    'exception.message': 'it broke',
    'exception.stacktrace': 'Error: it broke\n    at place (orders.ts:1:1)',
    'error.id': '7X2K-9QD4-MB3H-TRVG',
    'error.type': 'Error',
    'sonde.error.kind': 'bug',
    'sonde.error.fingerprint': 'v1:0',
    'service.name': 'shop',
    'process.pid': 12,
  } as ErrorRecord;

  it('leave as logs whose body is the message and the stack', () => {
    const decoded = decodeOfficially('log', encodeLogs(out, [errorAsLog(record, resource)], resource)).resourceLogs[0].scopeLogs[0].logRecords[0];
    expect(decoded.body.stringValue).toBe('it broke\nError: it broke\n    at place (orders.ts:1:1)');
    expect(decoded.eventName).toBe('exception');
    expect(decoded.severityNumber).toBe(17);
    expect(decoded.observedTimeUnixNano).toBe('1795248001000000000');
    const keys = decoded.attributes.map((attribute: { key: string }) => attribute.key);
    expect(keys).toContain('error.id');
    expect(keys).toContain('process.pid'); // another process's: the resource does not say it
    expect(keys).not.toContain('service.name');
  });
});
