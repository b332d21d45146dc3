import type { EndedSpan, SpanOutput } from '../core/ended-span.ts';
import type { AttributeBag, SpanData } from '../core/records.ts';
import { hex32 } from '../trace/engine/ids.ts';
import { epochOf } from '../trace/engine/time-input.ts';

/** Keeps finished spans in memory, in the order in which they ended. */
export class MemorySpans implements SpanOutput {
  readonly spans: SpanData[] = [];
  /** Spans that the sampler refused. */
  sampledAway = 0;

  ended(span: EndedSpan): void {
    this.spans.push(materialise(span));
  }

  sampledOut(): void {
    this.sampledAway++;
  }
}

function materialise(span: EndedSpan): SpanData {
  const { trace, library } = span;
  const attributes: AttributeBag = {};
  for (const source of [span.values, span.attrs]) {
    for (const key of Object.keys(source ?? {})) attributes[key] = source?.[key];
  }
  return {
    traceId: hex32(trace.t0) + hex32(trace.t1) + hex32(trace.t2) + hex32(trace.t3),
    spanId: hex32(span.s0) + hex32(span.s1),
    parentSpanId: span.p0 === 0 && span.p1 === 0 ? undefined : hex32(span.p0) + hex32(span.p1),
    traceState: trace.traceState,
    flags: span.flags,
    name: span.name,
    kind: span.kind,
    startMs: epochOf(span.startMono),
    durationMs: span.endMono - span.startMono,
    status: { code: span.statusCode as 0 | 1 | 2, ...(span.statusMessage === undefined ? undefined : { message: span.statusMessage }) },
    attributes,
    events: [...(span.events ?? [])],
    links: [...(span.links ?? [])],
    scope: library ?? { name: 'sonde' },
    droppedAttributes: span.droppedAttributes,
    droppedEvents: span.droppedEvents,
    droppedLinks: span.droppedLinks,
  };
}
