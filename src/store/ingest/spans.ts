import type { Attributes } from '../../core/attributes.ts';
import type { SpanData } from '../../core/records.ts';
import type { DayFile } from '../day-file.ts';
import { resourceNumber } from './resources.ts';
import { Rollup } from './rollup.ts';

const INSERT = `
INSERT OR IGNORE INTO spans (trace_id, span_id, parent_id, name, kind, start_ms, duration_ms, status, resource, rest)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Adds spans to a file, inside a transaction. A span that is there already is left as it is. */
export function insertSpans(file: DayFile, spans: readonly SpanData[], resource: Attributes): void {
  const number = resourceNumber(file, resource);
  const insert = file.prepare(INSERT);
  const rollup = new Rollup(file, 'span');
  for (const span of spans) {
    const { changes } = insert.run(
      span.traceId,
      span.spanId,
      span.parentSpanId ?? null,
      span.name,
      span.kind,
      span.startMs,
      span.durationMs,
      span.status.code,
      number,
      spanRest(span),
    );
    if (Number(changes) > 0) rollup.add(span.startMs, span.name, number, span.status.code === 2, span.durationMs);
  }
  rollup.write();
}

/** What is no column; empty parts are left out, most spans have neither events nor links. */
function spanRest(span: SpanData): string {
  return JSON.stringify({
    flags: span.flags,
    traceState: span.traceState,
    message: span.status.message,
    attributes: span.attributes,
    events: span.events.length > 0 ? span.events : undefined,
    links: span.links.length > 0 ? span.links : undefined,
    scope: span.scope,
    dropped: span.droppedAttributes + span.droppedEvents + span.droppedLinks > 0 ? [span.droppedAttributes, span.droppedEvents, span.droppedLinks] : undefined,
  });
}
