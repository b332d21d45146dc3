import type { Attributes } from '../../core/attributes.ts';
import type { ErrorRecord, JsonValue } from '../../core/records.ts';
import type { StoredLog } from '../../store/lookup.ts';
import { CONTEXT_ATTRIBUTES, isOfResource, LOG_ATTRIBUTES, lokiLabel, NUMERIC_ATTRIBUTES } from '../catalogue/attributes.ts';
import { msOfNano } from './unix-nano.ts';

/** A line of Loki: its labels (index labels and structured metadata), its time in nanoseconds, its text. */
export interface LokiLine {
  readonly labels: Readonly<Record<string, string>>;
  readonly timeNs: bigint;
  readonly text: string;
}

const NAMES = new Map([...LOG_ATTRIBUTES, ...CONTEXT_ATTRIBUTES].map((name) => [lokiLabel(name), name]));
/** Labels that are no attributes: Loki's own and the collector's. */
const OWN = new Set([
  'obs_kind',
  'detected_level',
  'service_name_extracted',
  'trace_id',
  'span_id',
  'flags',
  'severity_number',
  'severity_text',
  'scope_name',
  'scope_version',
  'observed_timestamp',
  'event_name',
]);
const NUMBERS = new Set(NUMERIC_ATTRIBUTES);
const LISTS = new Set(['sonde.error.chain']);
const FLAGS = new Set(['sonde.error.handled', 'sonde.error.amends', 'sonde.resilience.stale']);
const SEVERITIES: Readonly<Record<number, ErrorRecord['level']>> = { 21: 'fatal', 17: 'error', 13: 'warn', 5: 'debug' };

/** Attributes under their OTLP names where the catalogue knows them; others keep the underscores that Loki gave them. */
function attributesOf(labels: Readonly<Record<string, string>>): Record<string, JsonValue> {
  const attributes: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>;
  for (const [label, value] of Object.entries(labels)) {
    if (OWN.has(label)) continue;
    const name = NAMES.get(label) ?? label;
    attributes[name] = typed(name, value);
  }
  return attributes;
}

/** Loki keeps text only; what the catalogue knows to be something else is that again. */
function typed(name: string, value: string): JsonValue {
  if (NUMBERS.has(name)) return Number(value);
  if (FLAGS.has(name)) return value === 'true';
  if (!LISTS.has(name)) return value;
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    return value;
  }
}

/** An error record from its line: the body is the message, then the stack. A compact record has neither stack nor what the whole one says. */
export function errorRecordOf({ labels, timeNs, text }: LokiLine): ErrorRecord {
  const attributes = attributesOf(labels);
  const severity = Number(labels.severity_number ?? 17);
  const compact = typeof attributes['sonde.error.same_as'] === 'string' && attributes['exception.message'] === undefined;
  const message = compact ? text : String(attributes['exception.message'] ?? text.split('\n', 1)[0]);
  const stack = text.startsWith(`${message}\n`) ? text.slice(message.length + 1) : text;
  const timestamp = new Date(Number(timeNs / 1_000_000n)).toISOString();
  const observed = observedMs(labels);
  return {
    ...attributes,
    timestamp,
    observed_timestamp: observed === undefined ? timestamp : new Date(observed).toISOString(),
    level: SEVERITIES[severity] ?? 'error',
    severity_number: (severity in SEVERITIES ? severity : 17) as ErrorRecord['severity_number'],
    message,
    'event.name': 'exception',
    logger: labels.scope_name ?? '',
    ...(labels.trace_id ? { trace_id: labels.trace_id, trace_flags: Number(labels.flags ?? 0) } : {}),
    ...(labels.span_id ? { span_id: labels.span_id } : {}),
    ...(compact ? {} : { 'exception.message': message, 'exception.stacktrace': stack }),
    'exception.type': String(attributes['exception.type'] ?? 'Error'),
    'error.id': String(attributes['error.id'] ?? ''),
    'error.type': String(attributes['error.type'] ?? attributes['exception.type'] ?? 'Error'),
    'sonde.error.kind': attributes['sonde.error.kind'] === 'known' ? 'known' : 'bug',
    'sonde.error.fingerprint': String(attributes['sonde.error.fingerprint'] ?? ''),
  } as ErrorRecord;
}

/** A log record from its line. */
export function logOf({ labels, timeNs, text }: LokiLine): StoredLog {
  const all = attributesOf(labels);
  const resource: Record<string, JsonValue> = {};
  const attributes: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(all)) (isOfResource(name) ? resource : attributes)[name] = value;
  const timeMs = msOfNano(timeNs);
  return {
    timeMs,
    observedMs: observedMs(labels) ?? timeMs,
    severity: Number(labels.severity_number ?? 9),
    level: (labels.severity_text ?? 'info').toLowerCase(),
    message: text,
    logger: labels.scope_name ?? '',
    eventName: labels.event_name,
    traceId: labels.trace_id,
    spanId: labels.span_id,
    flags: Number(labels.flags ?? 0),
    attributes,
    resource: resource as Attributes,
  };
}

/** When a record was observed; `undefined` where Loki does not tell, or what it tells is somebody's own attribute of that name. */
function observedMs({ observed_timestamp }: LokiLine['labels']): number | undefined {
  return /^\d{1,19}$/.test(observed_timestamp ?? '') ? msOfNano(observed_timestamp as string) : undefined;
}
