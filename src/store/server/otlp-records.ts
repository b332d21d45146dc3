import type { Attributes } from '../../core/attributes.ts';
import type { ErrorRecord, JsonValue, LogData, SpanData, SpanEventData, SpanLinkData } from '../../core/records.ts';
import { errorOfLog } from './otlp-error.ts';

/** What one resource sent. */
export interface ResourceBatch {
  readonly resource: Attributes;
  readonly spans: SpanData[];
  readonly logs: LogData[];
  readonly errors: ErrorRecord[];
}

type Json = Readonly<Record<string, unknown>>;

/** The spans of a request in the shape of OTLP's JSON; what is no span is left out and counted by the caller's totals. */
export function tracesOf(request: Json): ResourceBatch[] {
  return list(request['resourceSpans']).map((group) => ({
    resource: resourceOf(group),
    spans: list(group['scopeSpans']).flatMap((scoped) => list(scoped['spans']).flatMap((span) => spanOf(span, object(scoped['scope'])) ?? [])),
    logs: [],
    errors: [],
  }));
}

/** The log records of a request; those that are errors of Sonde become error records. */
export function logsOf(request: Json, nowMs: number): ResourceBatch[] {
  return list(request['resourceLogs']).map((group) => {
    const resource = resourceOf(group);
    const batch: ResourceBatch = { resource, spans: [], logs: [], errors: [] };
    for (const scoped of list(group['scopeLogs'])) {
      const logger = text(object(scoped['scope'])['name']);
      for (const item of list(scoped['logRecords'])) {
        const log = logOf(item, logger, nowMs);
        const error = errorOfLog(log, resource);
        if (error) batch.errors.push(error);
        else batch.logs.push(log);
      }
    }
    return batch;
  });
}

function spanOf(span: Json, scope: Json): SpanData | undefined {
  const traceId = hexId(span['traceId'], 32);
  const spanId = hexId(span['spanId'], 16);
  if (traceId === undefined || spanId === undefined) return undefined;
  const start = nanos(span['startTimeUnixNano']);
  const status = object(span['status']);
  const code = number(status['code']);
  const message = text(status['message']);
  return {
    traceId,
    spanId,
    parentSpanId: hexId(span['parentSpanId'], 16),
    traceState: text(span['traceState']) || undefined,
    flags: number(span['flags']) & 0xff,
    name: text(span['name']),
    kind: Math.max(0, number(span['kind']) - 1),
    startMs: millis(start),
    durationMs: Math.max(0, Number(nanos(span['endTimeUnixNano']) - start) / 1e6),
    status: { code: code === 1 || code === 2 ? code : 0, ...(message ? { message } : {}) },
    attributes: attributesOf(span['attributes']) as Attributes,
    events: list(span['events']).map(eventOf),
    links: list(span['links']).flatMap((link) => linkOf(link) ?? []),
    scope: { name: text(scope['name']), ...(scope['version'] ? { version: text(scope['version']) } : {}) },
    droppedAttributes: number(span['droppedAttributesCount']),
    droppedEvents: number(span['droppedEventsCount']),
    droppedLinks: number(span['droppedLinksCount']),
  };
}

function eventOf(event: Json): SpanEventData {
  return { name: text(event['name']), timeMs: millis(nanos(event['timeUnixNano'])), attributes: attributesOf(event['attributes']) as Attributes };
}

function linkOf(link: Json): SpanLinkData | undefined {
  const traceId = hexId(link['traceId'], 32);
  const spanId = hexId(link['spanId'], 16);
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, flags: number(link['flags']) & 0xff, attributes: attributesOf(link['attributes']) as Attributes };
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

function logOf(log: Json, logger: string, nowMs: number): LogData {
  const observed = nanos(log['observedTimeUnixNano']);
  const time = nanos(log['timeUnixNano']) || observed;
  const severity = Math.min(24, Math.max(0, number(log['severityNumber'])));
  const body = anyValue(log['body']);
  const timeMs = time === 0n ? nowMs : millis(time);
  return {
    timeMs,
    observedMs: observed === 0n ? timeMs : millis(observed),
    severity: severity || 9,
    level: LEVELS[Math.floor(((severity || 9) - 1) / 4)] ?? 'info',
    message: typeof body === 'string' ? body : JSON.stringify(body ?? ''),
    logger,
    eventName: text(log['eventName']) || undefined,
    traceId: hexId(log['traceId'], 32),
    spanId: hexId(log['spanId'], 16),
    flags: number(log['flags']) & 0xff,
    attributes: attributesOf(log['attributes']),
  };
}

function resourceOf(group: Json): Attributes {
  return attributesOf(object(group['resource'])['attributes']) as Attributes;
}

function attributesOf(pairs: unknown): { [key: string]: JsonValue } {
  const out: { [key: string]: JsonValue } = Object.create(null);
  for (const pair of list(pairs)) out[text(pair['key'])] = anyValue(pair['value']) ?? null;
  return { ...out };
}

const MAX_DEPTH = 16; // of a value, as our own encoder has it

function anyValue(value: unknown, depth = 0): JsonValue | undefined {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = object(value);
  if (stringValue !== undefined) return text(stringValue);
  if (boolValue !== undefined) return boolValue === true;
  if (intValue !== undefined) return number(intValue);
  if (doubleValue !== undefined) return typeof doubleValue === 'number' && Number.isFinite(doubleValue) ? doubleValue : String(doubleValue);
  if (bytesValue !== undefined) return text(bytesValue);
  if (depth >= MAX_DEPTH) return undefined;
  if (arrayValue !== undefined) return list(object(arrayValue)['values']).map((item) => anyValue(item, depth + 1) ?? null);
  if (kvlistValue !== undefined)
    return Object.fromEntries(list(object(kvlistValue)['values']).map((pair) => [text(pair['key']), anyValue(pair['value'], depth + 1) ?? null]));
  return undefined;
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : [];
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** OTLP's JSON writes 64-bit numbers as text. */
function number(value: unknown): number {
  const read = typeof value === 'string' ? Number(value) : value;
  return typeof read === 'number' && Number.isFinite(read) ? read : 0;
}

function nanos(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'string') return /^\d{1,20}$/.test(value) ? BigInt(value) : 0n;
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}

function millis(nano: bigint): number {
  return Number(nano / 1_000_000n) + Number(nano % 1_000_000n) / 1e6;
}

function hexId(value: unknown, length: number): string | undefined {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]+$/i.test(value) && !/^0+$/.test(value) ? value.toLowerCase() : undefined;
}
