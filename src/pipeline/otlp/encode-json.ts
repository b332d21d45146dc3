import type { Attributes } from '../../core/attributes.ts';
import type { LogData, SpanData } from '../../core/records.ts';
import { groupByLogger } from './encode-logs.ts';

/** Values by the protobuf-JSON mapping of OTLP: IDs are hex, 64-bit integers are strings, names are lowerCamelCase. */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

/** Encodes spans as the JSON of an ExportTraceServiceRequest. */
export function encodeSpansJson(spans: readonly SpanData[], resource: Attributes): Buffer {
  const groups = new Map<string, SpanData[]>();
  for (const span of spans) {
    const key = `${span.scope.name}\u0000${span.scope.version ?? ''}`;
    const group = groups.get(key);
    if (group) group.push(span);
    else groups.set(key, [span]);
  }
  const scopeSpans = [...groups.values()].map((group) => ({
    scope: { name: (group[0] as SpanData).scope.name, version: (group[0] as SpanData).scope.version },
    spans: group.map(spanJson),
  }));
  return toBytes({ resourceSpans: [{ resource: { attributes: keyValues(resource) }, scopeSpans }] });
}

/** Encodes log records as the JSON of an ExportLogsServiceRequest. */
export function encodeLogsJson(logs: readonly LogData[], resource: Attributes): Buffer {
  const scopeLogs = [...groupByLogger(logs)].map(([name, group]) => ({ scope: { name }, logRecords: group.map(logJson) }));
  return toBytes({ resourceLogs: [{ resource: { attributes: keyValues(resource) }, scopeLogs }] });
}

/** What JSON has no number for is text: NaN, the infinities, minus zero. */
export function double(value: number): number | string {
  return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value);
}

export function toBytes(value: Json): Buffer {
  const text = JSON.stringify(value);
  return Buffer.from(text.includes('\\ud') ? text.replace(ESCAPES, (sequence) => (LONE.test(sequence) ? '\ufffd' : sequence)) : text, 'utf8');
}

/** JSON.stringify writes half a surrogate pair as an escape, which strict parsers refuse, and the whole batch with it. */
const ESCAPES = /\\(?:u[0-9a-f]{4}|.)/g;
const LONE = /^\\ud[89a-f]/;

function spanJson(span: SpanData): Json {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    traceState: span.traceState,
    parentSpanId: span.parentSpanId,
    name: span.name,
    kind: span.kind + 1,
    startTimeUnixNano: unixNano(span.startMs),
    endTimeUnixNano: unixNano(span.startMs, Math.round(span.durationMs * 1e6)),
    attributes: keyValues(span.attributes),
    droppedAttributesCount: span.droppedAttributes || undefined,
    events: span.events.map((event) => ({ timeUnixNano: unixNano(event.timeMs), name: event.name, attributes: keyValues(event.attributes) })),
    droppedEventsCount: span.droppedEvents || undefined,
    links: span.links.map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      traceState: link.traceState,
      attributes: keyValues(link.attributes),
      flags: link.flags,
    })),
    droppedLinksCount: span.droppedLinks || undefined,
    status: { code: span.status.code, message: span.status.message },
    flags: span.flags,
  };
}

function logJson(log: LogData): Json {
  return {
    timeUnixNano: unixNano(log.timeMs),
    observedTimeUnixNano: unixNano(log.observedMs),
    severityNumber: log.severity,
    severityText: log.level.toUpperCase(),
    body: { stringValue: log.message },
    attributes: keyValues(log.attributes),
    flags: log.flags || undefined,
    traceId: log.traceId,
    spanId: log.spanId,
    eventName: log.eventName,
  };
}

/** Nanoseconds since the Unix epoch as decimal digits; the same rounding as the protobuf encoder's. */
export function unixNano(ms: number, plusNano = 0): string {
  let seconds = Math.floor(ms / 1_000);
  let nano = Math.round((ms - seconds * 1_000) * 1e6) + plusNano;
  const carry = Math.floor(nano / 1e9);
  seconds += carry;
  nano -= carry * 1e9;
  return seconds === 0 ? String(nano) : `${seconds}${String(nano).padStart(9, '0')}`;
}

export function keyValues(attributes: Readonly<Record<string, unknown>>): Json[] {
  const list: Json[] = [];
  for (const key of Object.keys(attributes)) if (attributes[key] !== undefined) list.push({ key, value: anyValue(attributes[key]) });
  return list;
}

/** See {@link writeAnyValue}: the same depth and the same choice between integer and double. */
function anyValue(value: unknown, depth = 0): Json {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'bigint':
      return { stringValue: value.toString() };
    case 'number':
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { intValue: String(value) };
      return { doubleValue: double(value) };
    default:
      if (typeof value !== 'object' || value === null || depth >= 16) return {};
      if (Array.isArray(value)) return { arrayValue: { values: value.map((item) => anyValue(item, depth + 1)) } };
      return { kvlistValue: { values: Object.keys(value).map((key) => ({ key, value: anyValue((value as Record<string, unknown>)[key], depth + 1) })) } };
  }
}
