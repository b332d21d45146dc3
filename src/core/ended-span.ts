import type { Attributes } from './attributes.ts';
import type { FunctionDef } from './function-def.ts';
import type { AttributeBag, SpanEventData, SpanLinkData } from './records.ts';

/** What all spans of one trace in this process share. IDs are 32-bit integers until somebody wants text. */
export interface TraceIdentity {
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly traceState: string | undefined;
  /** The span of another process that this part of the trace continues; absent or 0 where the trace began here. */
  readonly r0?: number;
  readonly r1?: number;
}

/**
 * A finished span as the engine hands it over: no text IDs, nothing encoded. The receiver copies what it needs before
 * it returns. The engine's own span object has this shape, so that handing over allocates nothing.
 */
export interface EndedSpan {
  readonly trace: TraceIdentity;
  /** Span ID, two 32-bit integers. */
  readonly s0: number;
  readonly s1: number;
  /** Parent span ID; both 0 for a root. */
  readonly p0: number;
  readonly p1: number;
  readonly flags: number;
  readonly def: FunctionDef | undefined;
  readonly name: string;
  readonly kind: number;
  /** Monotonic milliseconds ({@link Clock.mono}). */
  readonly startMono: number;
  readonly endMono: number;
  readonly statusCode: number;
  readonly statusMessage: string | undefined;
  /** The span's own attributes. */
  readonly attrs: AttributeBag | undefined;
  /** Bound values of the scope; materialised as attributes too, the span's own win. */
  readonly values: Attributes | undefined;
  readonly events: readonly SpanEventData[] | undefined;
  readonly links: readonly SpanLinkData[] | undefined;
  readonly library: { readonly name: string; readonly version?: string | undefined } | undefined;
  readonly droppedAttributes: number;
  readonly droppedEvents: number;
  readonly droppedLinks: number;
}

/** Where an engine puts what it made. The runtime wires it to the pipeline. */
export interface SpanOutput {
  /** Takes a sampled span that has ended. */
  ended(span: EndedSpan): void;
  /** Counts a span that the sampler refused. */
  sampledOut(): void;
}

/** Whether a span is the first one of its trace in this process. */
export function isEntry({ trace, p0, p1 }: Pick<EndedSpan, 'trace' | 'p0' | 'p1'>): boolean {
  return p0 === (trace.r0 ?? 0) && p1 === (trace.r1 ?? 0);
}
