import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

/**
 * The official .proto files of OTLP (as @elastic/mockotlpserver ships them), read by protobufjs: a decoder that shares no
 * code with ours. Those files are a version older than `LogRecord.event_name`, field 12 since proto 1.5.
 */
const folder = dirname(createRequire(import.meta.url).resolve('@elastic/mockotlpserver/package.json'));
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => join(folder, target);
root.loadSync(
  ['trace/v1/trace_service', 'logs/v1/logs_service', 'metrics/v1/metrics_service'].map((name) => `opentelemetry/proto/collector/${name}.proto`),
  { keepCase: false },
);
const record = root.lookupType('opentelemetry.proto.logs.v1.LogRecord');
if (!record.fields['eventName']) record.add(new protobuf.Field('eventName', 12, 'string'));

const TYPES = {
  span: 'opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest',
  log: 'opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest',
  metric: 'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest',
} as const;

/** Decodes a request to plain objects: 64-bit integers as decimal text, IDs as hex. */
export function decodeOfficially(signal: keyof typeof TYPES, bytes: Uint8Array): any {
  const type = root.lookupType(TYPES[signal]);
  const message = type.decode(bytes);
  return hexIds(type.toObject(message, { longs: String, enums: Number, bytes: String, arrays: true }));
}

/** The types of a response, to play a receiver. */
export function encodeResponse(signal: keyof typeof TYPES, rejected: number, errorMessage: string): Uint8Array {
  const type = root.lookupType(TYPES[signal].replace('Request', 'Response'));
  const field = { span: 'rejectedSpans', log: 'rejectedLogRecords', metric: 'rejectedDataPoints' }[signal];
  return type.encode(type.fromObject({ partialSuccess: { [field]: rejected, errorMessage } })).finish();
}

const ID_FIELDS = new Set(['traceId', 'spanId', 'parentSpanId']);

function hexIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hexIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      ID_FIELDS.has(key) && typeof item === 'string' ? Buffer.from(item, 'base64').toString('hex') : hexIds(item),
    ]),
  );
}

/** Encodes a request given in the JSON shape of protobufjs: IDs as bytes, 64-bit integers as text. */
export function encodeOfficially(signal: keyof typeof TYPES, request: Record<string, unknown>): Uint8Array {
  const type = root.lookupType(TYPES[signal]);
  return type.encode(type.fromObject(request)).finish();
}
