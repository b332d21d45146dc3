import type { SpanOutput, TraceIdentity } from '../../core/ended-span.ts';
import type { SpanLike } from '../../core/scope.ts';
import { hex32, int32OfHex, randomPool, reserveRandom } from './ids.ts';
import type { SpanLimits } from './limits.ts';
import type { TailKeeper, TraceTail } from './tail.ts';

/** Flag of W3C trace context: the trace is sampled. */
export const SAMPLED = 1;
/** Flag of level 2: at least 7 bytes of the trace ID are random. Ours are random as a whole. */
export const RANDOM = 2;

/** What the spans of one engine have in common. */
export interface SpanHost {
  readonly output: SpanOutput;
  readonly limits: SpanLimits;
}

/** The identity that all spans of one trace share; the text is made when somebody asks for it. */
export class NativeTrace implements TraceIdentity {
  // Declared only: see `Scope`.
  declare readonly host: SpanHost;
  declare readonly t0: number;
  declare readonly t1: number;
  declare readonly t2: number;
  declare readonly t3: number;
  declare readonly traceState: string | undefined;
  declare readonly r0: number;
  declare readonly r1: number;
  // Not a private field: those are stored apart from the object's own slots, which the hot path would pay for.
  declare private text: string | undefined;
  /** Of a trace that the sampler refused: who keeps it after all if its outcome speaks for it. */
  declare keeper: TailKeeper | undefined;
  /** Where its spans wait meanwhile; made for the second one, since most refused traces have one span here. */
  declare tail: TraceTail | undefined;

  constructor(host: SpanHost, t0: number, t1: number, t2: number, t3: number, traceState: string | undefined, r0: number, r1: number) {
    this.host = host;
    this.t0 = t0;
    this.t1 = t1;
    this.t2 = t2;
    this.t3 = t3;
    this.traceState = traceState;
    this.r0 = r0;
    this.r1 = r1;
    this.text = undefined;
    this.keeper = undefined;
    this.tail = undefined;
  }

  /** 32 hex digits. */
  get id(): string {
    this.text ??= hex32(this.t0) + hex32(this.t1) + hex32(this.t2) + hex32(this.t3);
    return this.text;
  }
}

/** A trace nobody has seen before. */
export function newTrace(host: SpanHost): NativeTrace {
  const at = reserveRandom(4);
  // An ID of zeros is invalid; the last part is never 0, so no combination has to be tested.
  return new NativeTrace(
    host,
    randomPool[at] as number,
    randomPool[at + 1] as number,
    randomPool[at + 2] as number,
    (randomPool[at + 3] as number) || 1,
    undefined,
    0,
    0,
  );
}

/** Where a span continues: a trace and a parent in it that this engine did not make. */
export interface ForeignParent {
  readonly trace: NativeTrace;
  readonly s0: number;
  readonly s1: number;
  readonly flags: number;
}

interface ForeignSpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState?: { serialize(): string } | undefined;
}

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/i;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/i;

/** Whether the IDs of a span context have the form that W3C asks for and are not zero. */
export function isValidContext(context: ForeignSpanContext): boolean {
  return TRACE_ID.test(context.traceId) && SPAN_ID.test(context.spanId);
}

const foreign = new WeakMap<SpanLike, ForeignParent | null>();

/** Reads the context of a span of another maker (a remote parent), once a span; `undefined` where it is invalid. */
export function foreignParent(host: SpanHost, span: SpanLike): ForeignParent | undefined {
  if (typeof span !== 'object' || span === null) return undefined;
  const known = foreign.get(span);
  if (known !== undefined) return known ?? undefined;
  let parent: ForeignParent | null = null;
  try {
    const context = span.spanContext() as ForeignSpanContext;
    if (isValidContext(context)) parent = parentOf(host, context);
  } catch {
    // What stands in the context is no span; a trace begins here.
  }
  foreign.set(span, parent);
  return parent ?? undefined;
}

function parentOf(host: SpanHost, context: ForeignSpanContext): ForeignParent {
  const id = context.traceId;
  const state = context.traceState?.serialize() || undefined;
  const s0 = int32OfHex(context.spanId, 0);
  const s1 = int32OfHex(context.spanId, 8);
  return {
    trace: new NativeTrace(host, int32OfHex(id, 0), int32OfHex(id, 8), int32OfHex(id, 16), int32OfHex(id, 24), state, s0, s1),
    s0,
    s1,
    flags: context.traceFlags & 255,
  };
}
