import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ErrorRecord, LogData, SpanData } from '../../../src/core/records.ts';
import { mintErrorId } from '../../../src/errors/error-id.ts';

/** Records for tests of the store; every field has a plain value that a test may replace. */
export const RESOURCE = { 'service.name': 'checkout', 'service.version': '1.4.0', 'host.name': 'box-1', 'process.pid': 4711 };

export function spanData(over: Partial<SpanData> = {}): SpanData {
  return {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    parentSpanId: undefined,
    traceState: undefined,
    flags: 1,
    name: 'payments.charge',
    kind: 0,
    startMs: Date.now(),
    durationMs: 12.5,
    status: { code: 0 },
    attributes: { 'order.id': 'o-1', retries: 2, urgent: true },
    events: [],
    links: [],
    scope: { name: 'sonde' },
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    ...over,
  };
}

export function logData(over: Partial<LogData> = {}): LogData {
  const timeMs = over.timeMs ?? Date.now();
  return {
    timeMs,
    observedMs: timeMs,
    severity: 9,
    level: 'info',
    message: 'order placed',
    logger: 'orders',
    eventName: undefined,
    traceId: undefined,
    spanId: undefined,
    flags: 0,
    attributes: { order: 'o-1' },
    ...over,
  };
}

export function errorRecord(over: Partial<ErrorRecord> & { timeMs?: number } = {}): ErrorRecord {
  const { timeMs = Date.now(), ...fields } = over;
  const timestamp = new Date(timeMs).toISOString();
  return {
    timestamp,
    observed_timestamp: timestamp,
    level: 'error',
    severity_number: 17,
    message: 'Cannot charge order "o-1"',
    'event.name': 'exception',
    logger: 'orders',
    'exception.type': 'TypeError',
    'exception.message': 'Cannot charge order "o-1"',
    'exception.stacktrace': 'TypeError: Cannot charge order "o-1"\n    at charge (src/orders.ts:12:9)',
    'error.id': mintErrorId(timeMs),
    'error.type': 'TypeError',
    'sonde.error.kind': 'bug',
    'sonde.error.fingerprint': 'v1:0123456789abcdef',
    'sonde.error.public_message': 'Something unexpected happened.',
    'service.name': 'checkout',
    'service.version': '1.4.0',
    ...fields,
  } as ErrorRecord;
}

/** A folder for one test, removed after it. */
export function testFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-store-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
