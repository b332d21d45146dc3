import { readFields } from '../../core/proto-reader.ts';

/** How a field is read into the shape that OTLP's JSON has. */
type FieldKind = 'text' | 'number' | 'bool' | 'hex' | 'nanos' | 'double' | 'base64' | Message | (() => Message);
/** Fields by tag: name and kind; a name that ends with `[]` is repeated. */
type Message = Readonly<Record<number, readonly [name: string, kind: FieldKind]>>;

const ANY_VALUE: Message = {
  1: ['stringValue', 'text'],
  2: ['boolValue', 'bool'],
  3: ['intValue', 'number'],
  4: ['doubleValue', 'double'],
  5: ['arrayValue', () => ({ 1: ['values[]', ANY_VALUE] })],
  6: ['kvlistValue', () => ({ 1: ['values[]', KEY_VALUE] })],
  7: ['bytesValue', 'base64'],
};
const KEY_VALUE: Message = { 1: ['key', 'text'], 2: ['value', ANY_VALUE] };
const RESOURCE: Message = { 1: ['attributes[]', KEY_VALUE] };
const SCOPE: Message = { 1: ['name', 'text'], 2: ['version', 'text'] };
const EVENT: Message = { 1: ['timeUnixNano', 'nanos'], 2: ['name', 'text'], 3: ['attributes[]', KEY_VALUE] };
const LINK: Message = { 1: ['traceId', 'hex'], 2: ['spanId', 'hex'], 3: ['traceState', 'text'], 4: ['attributes[]', KEY_VALUE], 6: ['flags', 'number'] };
const SPAN: Message = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  3: ['traceState', 'text'],
  4: ['parentSpanId', 'hex'],
  5: ['name', 'text'],
  6: ['kind', 'number'],
  7: ['startTimeUnixNano', 'nanos'],
  8: ['endTimeUnixNano', 'nanos'],
  9: ['attributes[]', KEY_VALUE],
  10: ['droppedAttributesCount', 'number'],
  11: ['events[]', EVENT],
  12: ['droppedEventsCount', 'number'],
  13: ['links[]', LINK],
  14: ['droppedLinksCount', 'number'],
  15: ['status', { 2: ['message', 'text'], 3: ['code', 'number'] }],
  16: ['flags', 'number'],
};
const LOG: Message = {
  1: ['timeUnixNano', 'nanos'],
  2: ['severityNumber', 'number'],
  3: ['severityText', 'text'],
  5: ['body', ANY_VALUE],
  6: ['attributes[]', KEY_VALUE],
  8: ['flags', 'number'],
  9: ['traceId', 'hex'],
  10: ['spanId', 'hex'],
  11: ['observedTimeUnixNano', 'nanos'],
  12: ['eventName', 'text'],
};

/** ExportTraceServiceRequest. */
export const TRACES: Message = { 1: ['resourceSpans[]', { 1: ['resource', RESOURCE], 2: ['scopeSpans[]', { 1: ['scope', SCOPE], 2: ['spans[]', SPAN] }] }] };
/** ExportLogsServiceRequest. */
export const LOGS: Message = { 1: ['resourceLogs[]', { 1: ['resource', RESOURCE], 2: ['scopeLogs[]', { 1: ['scope', SCOPE], 2: ['logRecords[]', LOG] }] }] };

const MAX_DEPTH = 40; // a request is six deep, a value may be nested: as deep as no honest one is

/** Decodes a request into the shape of its JSON form; throws `RangeError` where the bytes are none. */
export function decodeOtlp(bytes: Uint8Array, message: Message, depth = 0): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw new RangeError('Cannot read the request: it is nested too deep');
  const out: Record<string, unknown> = {};
  for (const field of readFields(bytes)) {
    const known = message[field.tag];
    if (known === undefined) continue; // a field of a newer version
    const [name, kind] = known;
    const value = fieldValue(kind, field, depth);
    if (!name.endsWith('[]')) {
      out[name] = value;
      continue;
    }
    const list = name.slice(0, -2);
    const items = out[list];
    if (Array.isArray(items)) items.push(value);
    else out[list] = [value];
  }
  return out;
}

function fieldValue(kind: FieldKind, field: { readonly value?: number; readonly bytes?: Uint8Array }, depth: number): unknown {
  const { value, bytes } = field;
  switch (kind) {
    case 'number':
      return value ?? 0;
    case 'bool':
      return value === 1;
    case 'text':
      return Buffer.from(bytes ?? []).toString('utf8');
    case 'hex':
      return Buffer.from(bytes ?? []).toString('hex');
    case 'base64':
      return Buffer.from(bytes ?? []).toString('base64');
    case 'nanos':
      return bytes?.length === 8 ? Buffer.from(bytes).readBigUInt64LE() : 0n;
    case 'double':
      return bytes?.length === 8 ? Buffer.from(bytes).readDoubleLE() : 0;
    default:
      return decodeOtlp(bytes ?? new Uint8Array(), typeof kind === 'function' ? kind() : kind, depth + 1);
  }
}
