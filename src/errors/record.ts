import type { Attributes } from '../core/attributes.ts';
import { clock } from '../core/clock.ts';
import { safeCopy } from '../core/json.ts';
import type { ErrorRecord, JsonValue } from '../core/records.ts';
import { scrub } from '../core/redact.ts';
import { resource } from '../core/resource.ts';
import type { Scope, SpanLike } from '../core/scope.ts';
import { type Classification, levelOf } from './classify.ts';
import { settings } from './configure.ts';
import { definitionOf } from './definition.ts';
import { downstreamId } from './downstream.ts';
import { fieldOf, isObject, type Sighting, sightingOf } from './identity.ts';
import { messageOf, stackText, typeNameOf } from './stack.ts';
import { tracedFrames } from './traced-frames.ts';

/** What a record is made of, besides the error. */
export interface RecordInput {
  readonly id: string;
  readonly error: unknown;
  /** The error and what caused it. */
  readonly causes: readonly unknown[];
  readonly scope: Scope;
  readonly classification: Classification;
  readonly boundary: string;
  readonly mechanism: string;
  readonly handled: boolean;
  readonly attributes: Attributes | undefined;
  readonly publicMessage: string;
  /** A record under this ID was written before; this one knows more. */
  readonly amends: boolean;
  /** The ID of the record that has the stack; absent where this one has it. */
  readonly sameAs: string | undefined;
  /** Compact records since the last whole one of this failure. */
  readonly folded: number;
}

const MAX_MESSAGE = 16_384; // characters; a query or a body in a message is cut, the stack text has its own bound
const MAX_CONTEXT = 128; // attributes of one record, as OpenTelemetry's own limit
const MAX_CONTEXT_TEXT = 32_768; // characters of all context values together: a record stays a few kilobytes
const MAX_VALUE_TEXT = 4_096;

/** Makes the record of an error, whole or compact: flat, dotted keys. Fingerprint and source-mapped stack are added by the worker. */
export function makeRecord(input: RecordInput): ErrorRecord {
  const { error, scope, classification } = input;
  const now = clock.now();
  const sighting = sightingOf(input.causes, scope);
  const span = sighting?.scope.span ?? scope.span;
  const ids = span?.spanContext();
  const message = messageOf(error);
  const record: Record<string, JsonValue | undefined> = {
    timestamp: iso(sighting?.timeMs ?? now),
    observed_timestamp: iso(now),
    level: levelOf(classification.severity),
    severity_number: classification.severity,
    message: scrub(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}… [${message.length - MAX_MESSAGE} more characters]` : message),
    'event.name': 'exception',
    logger: input.boundary || span?.def?.module || 'errors',
    trace_id: ids?.traceId,
    span_id: ids?.spanId,
    trace_flags: ids?.traceFlags,
    'exception.type': typeNameOf(error),
    'error.id': input.id,
    'error.code': classification.code,
    'error.type': classification.type,
    'sonde.error.kind': classification.kind,
    'sonde.error.cause_id': downstreamId(input.causes, ids?.traceId, input.id),
    'sonde.error.amends': input.amends || undefined,
    'sonde.error.same_as': input.sameAs,
    'service.name': resource['service.name'] as string | undefined,
    'service.version': resource['service.version'] as string | undefined,
  };
  if (input.sameAs === undefined) addWhole(record, input, sighting, span ?? scope.span);
  addContext(record, input, sighting, span);
  return record as unknown as ErrorRecord;
}

/** Adds what is the same for every occurrence of the failure, and so is left out of compact records. */
function addWhole(record: Record<string, JsonValue | undefined>, input: RecordInput, sighting: Sighting | undefined, span: SpanLike | undefined): void {
  const { error } = input;
  const definition = input.classification.definition;
  record['exception.message'] = record['message'] as string;
  record['exception.stacktrace'] = scrubLines(stackText(error) + reportedAt(error)) + tracedFrames(error, sighting, span);
  record['sonde.error.public_message'] = input.publicMessage;
  record['sonde.error.hint'] = definition?.hint;
  record['sonde.error.owner'] = definition?.owner;
  record['sonde.error.boundary'] = input.boundary || undefined;
  record['sonde.error.handled'] = input.handled;
  record['sonde.error.mechanism'] = input.mechanism;
  record['sonde.error.chain'] = chainOf(input.causes);
  record['sonde.error.suppressed'] = input.folded || undefined;
  for (const key of Object.keys(resource)) record[key] ??= resource[key] as JsonValue;
}

/** Secrets stand in the messages, between frames, anywhere in a long text. */
function scrubLines(text: string): string {
  if (!/@|bearer|basic/i.test(text)) return text;
  return text
    .split('\n')
    .map((line) => (/^\s+at /.test(line) ? line : scrub(line)))
    .join('\n');
}

/** What has no stack is found by the place where it was reported. */
function reportedAt(error: unknown): string {
  if (isObject(error)) return '';
  const stack = new Error().stack ?? '';
  const callers = stack
    .split('\n')
    .slice(1)
    .filter((line) => !OWN_FRAME.test(line));
  return callers.length === 0 ? '' : `\n${callers.join('\n')}`;
}

/** Frames of this folder: from here up to `report` or `problem`. */
const OWN_FRAME = /[\\/]errors[\\/](?:record|report|problem)\.[jt]s\b/;

/** The types of the error and its causes, outermost first, a defined error by its code; left out where there is no cause. */
function chainOf(causes: readonly unknown[]): string[] | undefined {
  return causes.length < 2 ? undefined : causes.map((cause) => definitionOf(cause)?.code ?? typeNameOf(cause));
}

/** Adds what was running: values of the scope, attributes of the calls, the data of a defined error; redacted and bounded. */
function addContext(record: Record<string, JsonValue | undefined>, input: RecordInput, sighting: Sighting | undefined, span: SpanLike | undefined): void {
  const context: Record<string, unknown> = Object.create(null);
  const sources: (object | undefined)[] = [
    input.sameAs === undefined ? settings.vitals() : undefined,
    settings.request?.(sighting?.scope ?? input.scope),
    spanAttributes(input.scope.span),
    input.scope.values,
    spanAttributes(span),
    sighting?.scope.values,
    input.attributes,
  ];
  for (const source of sources) if (source) for (const key of Object.keys(source)) context[key] = (source as Record<string, unknown>)[key];
  const data = input.classification.definition && fieldOf(input.error, 'data');
  if (data !== undefined) context['error.data'] = data;
  let room = MAX_CONTEXT_TEXT;
  let count = 0;
  let dropped = 0;
  for (const key of Object.keys(context)) {
    if (record[key] !== undefined || OWN_KEY.test(key)) continue;
    const value = clean(key, context[key]);
    if (value === undefined) continue;
    const size = typeof value === 'string' ? value.length : typeof value === 'object' ? JSON.stringify(value).length : 8;
    if (count >= MAX_CONTEXT || size > room) {
      dropped++;
      continue;
    }
    count++;
    room -= size;
    record[key] = value;
  }
  if (dropped > 0) record['sonde.error.context_dropped'] = dropped;
}

/** Keys of the record itself, which no context overwrites. */
const OWN_KEY = /^(?:sonde\.|exception\.|error\.(?!data$)|trace_id$|span_id$|trace_flags$)/;

/** A redacted copy that fits into JSON. A path of redaction begins at the context's own key. */
function clean(key: string, value: unknown): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return bounded(safeCopy(settings.revise(key, value, [key])) as JsonValue | undefined);
  return (safeCopy({ [key]: value }, settings.revise) as Record<string, JsonValue | undefined>)[key];
}

function bounded(value: JsonValue | undefined): JsonValue | undefined {
  return typeof value === 'string' && value.length > MAX_VALUE_TEXT
    ? `${value.slice(0, MAX_VALUE_TEXT)}… [${value.length - MAX_VALUE_TEXT} more characters]`
    : value;
}

/** The attributes of a span of our engine; a span of another engine keeps them to itself. */
function spanAttributes(span: SpanLike | undefined): object | undefined {
  const { attrs } = (span ?? {}) as { attrs?: unknown };
  return typeof attrs === 'object' && attrs !== null ? attrs : undefined;
}

let lastMs = Number.NaN;
let lastIso = '';

/** Failures come in crowds: those of one millisecond share its text. */
function iso(ms: number): string {
  if (ms !== lastMs) {
    lastIso = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastIso;
}
