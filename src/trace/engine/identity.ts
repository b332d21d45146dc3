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
  /** Who keeps traces that the sampler refused, if their outcome speaks for them. */
  readonly keeper: TailKeeper | undefined;
}

/** What a trace brings along that began elsewhere. */
interface Origin {
  readonly traceState: string | undefined;
  readonly r0: number;
  readonly r1: number;
}

const HERE: Origin = { traceState: undefined, r0: 0, r1: 0 };
/** Of a trace that began here and whose ID nobody has asked for yet. */
const UNDRAWN: Origin = { ...HERE };

/**
 * The identity that all spans of one trace share. Its integers are drawn, and its text is made, when somebody asks for them:
 * for a trace that the sampler refuses without looking, and that makes no request, nobody does.
 */
export class NativeTrace implements TraceIdentity {
  // Declared only: see `Scope`.
  declare readonly host: SpanHost;
  declare private i0: number;
  declare private i1: number;
  declare private i2: number;
  declare private i3: number;
  declare private origin: Origin;
  // Not a private field: those are stored apart from the object's own slots, which the hot path would pay for.
  declare private text: string | undefined;
  /** Of a trace that the sampler refused: where its spans wait; made for the second one, since most refused traces have one span here. */
  declare tail: TraceTail | undefined;

  constructor(host: SpanHost, i0: number, i1: number, i2: number, i3: number, origin: Origin) {
    this.host = host;
    this.i0 = i0;
    this.i1 = i1;
    this.i2 = i2;
    this.i3 = i3;
    this.origin = origin;
    this.text = undefined;
    this.tail = undefined;
  }

  get t0(): number {
    if (this.origin === UNDRAWN) this.draw();
    return this.i0;
  }
  get t1(): number {
    if (this.origin === UNDRAWN) this.draw();
    return this.i1;
  }
  get t2(): number {
    if (this.origin === UNDRAWN) this.draw();
    return this.i2;
  }
  get t3(): number {
    if (this.origin === UNDRAWN) this.draw();
    return this.i3;
  }
  get traceState(): string | undefined {
    return this.origin.traceState;
  }
  get r0(): number {
    return this.origin.r0;
  }
  get r1(): number {
    return this.origin.r1;
  }

  /** 32 hex digits. */
  get id(): string {
    this.text ??= hex32(this.t0) + hex32(this.t1) + hex32(this.t2) + hex32(this.t3);
    return this.text;
  }

  private draw(): void {
    const at = reserveRandom(4);
    this.i0 = randomPool[at] as number;
    this.i1 = randomPool[at + 1] as number;
    this.i2 = randomPool[at + 2] as number;
    // An ID of zeros is invalid; the last part is never 0, so no combination has to be tested.
    this.i3 = (randomPool[at + 3] as number) || 1;
    this.origin = HERE;
  }
}

/** A trace nobody has seen before. */
export function newTrace(host: SpanHost): NativeTrace {
  return new NativeTrace(host, 0, 0, 0, 0, UNDRAWN);
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
  const traceState = context.traceState?.serialize() || undefined;
  const s0 = int32OfHex(context.spanId, 0);
  const s1 = int32OfHex(context.spanId, 8);
  return {
    trace: new NativeTrace(host, int32OfHex(id, 0), int32OfHex(id, 8), int32OfHex(id, 16), int32OfHex(id, 24), { traceState, r0: s0, r1: s1 }),
    s0,
    s1,
    flags: context.traceFlags & 255,
  };
}
