import type { ErrorRecord } from '../core/records.ts';
import type { StoredLog, StoredSpan } from './lookup.ts';
import type { ReadFile } from './read-file.ts';
import type { SqlRow } from './sqlite.ts';

/** Rows of the store as the records they were. */
export function spanOf(file: ReadFile, row: SqlRow): StoredSpan {
  const rest = JSON.parse(String(row['rest']));
  const code = Number(row['status']) as 0 | 1 | 2;
  const [attributes, events, links] = rest.dropped ?? [0, 0, 0];
  return {
    traceId: String(row['trace_id']),
    spanId: String(row['span_id']),
    parentSpanId: text(row['parent_id']),
    traceState: rest.traceState,
    flags: rest.flags ?? 0,
    name: String(row['name']),
    kind: Number(row['kind']),
    startMs: Number(row['start_ms']),
    durationMs: Number(row['duration_ms']),
    status: rest.message === undefined ? { code } : { code, message: rest.message },
    attributes: rest.attributes ?? {},
    events: rest.events ?? [],
    links: rest.links ?? [],
    scope: rest.scope ?? { name: '' },
    droppedAttributes: attributes,
    droppedEvents: events,
    droppedLinks: links,
    resource: file.resource(Number(row['resource'])),
  };
}

export function logOf(file: ReadFile, row: SqlRow): StoredLog {
  const rest = JSON.parse(String(row['rest']));
  return {
    timeMs: Number(row['time_ms']),
    observedMs: rest.observedMs ?? Number(row['time_ms']),
    severity: Number(row['severity']),
    level: rest.level ?? '',
    message: String(row['message']),
    logger: String(row['logger']),
    eventName: rest.eventName,
    traceId: text(row['trace_id']),
    spanId: rest.spanId,
    flags: rest.flags ?? 0,
    attributes: rest.attributes ?? {},
    resource: file.resource(Number(row['resource'])),
  };
}

export function errorOf(row: SqlRow): ErrorRecord {
  return JSON.parse(String(row['record'])) as ErrorRecord;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
