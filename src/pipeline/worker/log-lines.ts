import type { Attributes } from '../../core/attributes.ts';
import type { ErrorRecord, JsonValue, LogData } from '../../core/records.ts';
import { setOwn } from './set-own.ts';

const LEVELS: readonly (readonly [upTo: number, level: string])[] = [
  [4, 'trace'],
  [8, 'debug'],
  [12, 'info'],
  [16, 'warn'],
  [20, 'error'],
  [24, 'fatal'],
];

/** The keys of a line that have a place of their own in a log record. */
const OWN_KEYS = new Set([
  'timestamp',
  'observed_timestamp',
  'level',
  'severity_number',
  'message',
  'logger',
  'trace_id',
  'span_id',
  'trace_flags',
  'event.name',
]);

/** A log line as a record. A line that is no JSON object is a message. */
export function parseLogLine(line: string, severity: number, nowMs: number): LogData {
  const fields = parseObject(line);
  if (fields === undefined) return record({ message: line }, severity, nowMs, {});
  const attributes: Record<string, JsonValue> = {};
  for (const key of Object.keys(fields)) if (!OWN_KEYS.has(key)) setOwn(attributes, key, fields[key] as JsonValue);
  return record(fields, severity, nowMs, attributes);
}

/**
 * An error record as the log record that leaves for a collector: the body is the message, then the stack. What the
 * resource says already is left out.
 */
export function errorAsLog(error: ErrorRecord, resource: Attributes): LogData {
  const attributes: Record<string, JsonValue> = {};
  for (const key of Object.keys(error)) {
    const value = error[key];
    if (!OWN_KEYS.has(key) && value !== undefined && value !== resource[key]) setOwn(attributes, key, value);
  }
  const log = record(error as Readonly<Record<string, unknown>>, error.severity_number, Date.now(), attributes);
  const stack = error['exception.stacktrace'];
  return { ...log, message: stack ? `${error.message}\n${stack}` : error.message };
}

function record(fields: Readonly<Record<string, unknown>>, severity: number, nowMs: number, attributes: { [key: string]: JsonValue }): LogData {
  const timeMs = timeOf(fields['timestamp']) ?? nowMs;
  const flags = fields['trace_flags'];
  return {
    timeMs,
    observedMs: timeOf(fields['observed_timestamp']) ?? timeMs,
    severity,
    level: textOf(fields['level']) ?? LEVELS.find(([upTo]) => severity <= upTo)?.[1] ?? 'info',
    message: textOf(fields['message']) ?? '',
    logger: textOf(fields['logger']) ?? '',
    eventName: textOf(fields['event.name']),
    traceId: idOf(fields['trace_id'], 32),
    spanId: idOf(fields['span_id'], 16),
    flags: typeof flags === 'number' ? flags : typeof flags === 'string' ? Number.parseInt(flags, 16) || 0 : 0,
    attributes,
  };
}

/** An object from one line of JSON, or `undefined`. */
export function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const timeMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? undefined : JSON.stringify(value);
}

function idOf(value: unknown, length: number): string | undefined {
  return typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value) ? value : undefined;
}
