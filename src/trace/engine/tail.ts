import { clock } from '../../core/clock.ts';
import type { EndedSpan, SpanOutput } from '../../core/ended-span.ts';
import { SlowCalls } from './slow-calls.ts';

/** A span whose trace was not sampled. */
export interface HeldSpan extends EndedSpan {
  /** Writes why the trace is kept on the span that spoke for it. */
  markKept(reason: KeepReason): void;
  /** Sets the sampled flag after all. */
  markSampled(): void;
}

/** What of a trace the keeper works on. */
export interface RefusedTrace {
  tail: TraceTail | undefined;
}

/** Which traces are kept by their outcome though the sampler refused them, and how much memory that may take. */
export interface KeepOptions {
  /** A span failed (its status is an error). On by default. */
  readonly failed?: boolean;
  /** A traced call was cancelled. On by default. */
  readonly cancelled?: boolean;
  /** A call took far longer than that function's calls do, or than its objective says. On by default. */
  readonly slow?: boolean;
  /** Spans that are held back at the same time, over all traces; 10,000 by default. */
  readonly maxSpans?: number;
  /** Spans that are held back of one trace; 500 by default. */
  readonly maxSpansPerTrace?: number;
  /** Bytes of all that is held back, estimated; 8 MiB by default. */
  readonly maxBytes?: number;
  /** What is held back of a trace that is open longer is let go; milliseconds, one minute by default. */
  readonly maxAgeMs?: number;
}

export const defaultKeep: Required<KeepOptions> = {
  failed: true,
  cancelled: true,
  slow: true,
  maxSpans: 10_000, // about 4 MB of span objects
  maxSpansPerTrace: 500, // a request with more is a batch job, whose first spans tell as much
  maxBytes: 8 * 1_048_576, // a small share of the smallest container people run Node in
  maxAgeMs: 60_000, // longer than any request that somebody waits for
};

/** Why a trace was kept; `undefined` while nothing speaks for it. */
export type KeepReason = 'error' | 'cancelled' | 'slow';

const SPAN_BYTES = 400; // a span object with its scope fields and two boxed numbers, measured with a heap snapshot

/** Holds back the spans of unsampled traces until their outcome is known; bounded in number, bytes and time. */
export class TailKeeper {
  readonly options: Required<KeepOptions>;
  readonly output: SpanOutput;
  readonly #slow = new SlowCalls();
  /** Traces of which spans are held back, the first ones first. */
  readonly holding = new Set<TraceTail>();
  heldSpans = 0;
  heldBytes = 0;
  /** Stands for a trace whose only span has ended and did not speak for it. */
  readonly #over: TraceTail;

  constructor(output: SpanOutput, options: KeepOptions = {}) {
    this.output = output;
    this.options = { ...defaultKeep, ...options };
    this.#over = new TraceTail(this, 0, 0);
    this.#over.state = 'refused';
  }

  /** A further span of a refused trace begins, the first one having begun at `sinceMono`; gives the sampled flag where the trace is kept by now, else 0. */
  began(trace: RefusedTrace, sinceMono: number): 0 | 1 {
    if (trace.tail === undefined) trace.tail = new TraceTail(this, sinceMono);
    // Work that goes on after all that was known of its trace had ended well: it may fail still, and is judged by itself.
    else if (trace.tail.state === 'refused') trace.tail = new TraceTail(this, clock.mono(), 0);
    return trace.tail.began() ? 1 : 0;
  }

  /** A span of a refused trace, not ended yet, was marked as failed. */
  failed(trace: RefusedTrace, span: HeldSpan): void {
    if (!this.options.failed) return;
    if (trace.tail === undefined || trace.tail === this.#over) this.#mark(span, 'error');
    else trace.tail.failed(span);
  }

  /** A span of a refused trace ended. */
  ended(trace: RefusedTrace, span: HeldSpan): void {
    const { tail } = trace;
    if (tail !== undefined && tail !== this.#over) {
      tail.ended(span);
      return;
    }
    // It was alone: nothing is held back, and what begins later in its trace is not waited for.
    trace.tail = this.#over;
    const reason = this.reasonOf(span);
    if (reason === undefined) {
      this.output.sampledOut();
      return;
    }
    this.#mark(span, reason);
    this.output.ended(span);
  }

  /** Lets go what waits longer than it may, of traces that may not come back themselves. */
  letGoOld(nowMono: number): void {
    for (const tail of this.holding) {
      if (!tail.isOld(nowMono)) return;
      tail.letGo();
    }
  }

  #mark(span: HeldSpan, reason: KeepReason): void {
    span.markSampled();
    span.markKept(reason);
  }

  /** Why a span that ended speaks for keeping its trace. */
  reasonOf(span: HeldSpan): KeepReason | undefined {
    const { failed, cancelled, slow } = this.options;
    if (failed && span.statusCode === 2) return 'error';
    if (cancelled && span.attrs?.['sonde.cancelled'] === true) return 'cancelled';
    if (slow && span.def !== undefined && this.#slow.isSlow(span.def, span.endMono - span.startMono)) return 'slow';
    return undefined;
  }
}

/** The spans of one unsampled trace. */
export class TraceTail {
  // Not `#private`: one of these is made for each refused trace, and such fields take 40 ns longer to make.
  declare private readonly keeper: TailKeeper;
  declare private readonly startMono: number;
  declare private held: HeldSpan[] | undefined;
  declare private bytes: number;
  declare private open: number;
  /**
   * `open` until something decides; `thin` where it is too large or too old: of its further spans only those are kept that speak
   * for it; `refused` where all of its spans have ended and none spoke for it.
   */
  declare state: 'open' | 'thin' | 'kept' | 'refused';

  /** `open`: spans of it that are under way; by default the one that began the trace. */
  constructor(keeper: TailKeeper, startMono: number, open = 1) {
    this.keeper = keeper;
    this.startMono = startMono;
    this.held = undefined;
    this.bytes = 0;
    this.open = open;
    this.state = 'open';
  }

  /** A span of the trace began; true where the trace is kept already. */
  began(): boolean {
    if (this.state === 'kept') return true;
    this.open++;
    return false;
  }

  /** A span of the trace, not ended yet, was marked as failed. */
  failed(span: HeldSpan): void {
    if (this.state === 'kept') return;
    span.markSampled();
    this.keep(span, 'error');
  }

  /** A span of the trace ended: it is held back, handed over, or counted as refused. */
  ended(span: HeldSpan): void {
    this.open--;
    const reason = this.state === 'kept' ? undefined : this.keeper.reasonOf(span);
    if (reason !== undefined) this.keep(span, reason);
    if (this.state === 'kept' || reason !== undefined) handOver(this.keeper.output, span);
    else if (this.state === 'open') this.hold(span);
    else this.keeper.output.sampledOut();
    // Nothing of it is under way any more and nothing spoke for it.
    if (this.open === 0 && (this.state === 'open' || this.state === 'thin')) this.refuse();
  }

  /** Hands over what is held back. A trace that is thin stays so: one that never ends would be sent whole from here on. */
  private keep(span: HeldSpan, reason: KeepReason): void {
    span.markKept(reason);
    if (this.state === 'open') this.state = 'kept';
    for (const held of this.release()) handOver(this.keeper.output, held);
  }

  private hold(span: HeldSpan): void {
    const keeper = this.keeper;
    const { maxSpans, maxSpansPerTrace, maxBytes } = keeper.options;
    const bytes = SPAN_BYTES + textBytes(span);
    keeper.letGoOld(span.endMono);
    if (this.isOld(span.endMono)) this.letGo();
    const full = (this.held !== undefined && this.held.length >= maxSpansPerTrace) || keeper.heldSpans >= maxSpans || keeper.heldBytes + bytes > maxBytes;
    if (full) this.state = 'thin';
    if (this.state === 'thin') {
      keeper.output.sampledOut();
      return;
    }
    if (this.held === undefined) {
      this.held = [];
      keeper.holding.add(this);
    }
    this.held.push(span);
    this.bytes += bytes;
    keeper.heldSpans++;
    keeper.heldBytes += bytes;
  }

  isOld(nowMono: number): boolean {
    return nowMono - this.startMono > this.keeper.options.maxAgeMs;
  }

  /** What is held back is counted as refused; what speaks for the trace later is kept still. */
  letGo(): void {
    this.state = 'thin';
    for (const _ of this.release()) this.keeper.output.sampledOut();
  }

  private refuse(): void {
    this.letGo();
    this.state = 'refused';
  }

  private release(): HeldSpan[] {
    const { held } = this;
    if (held === undefined) return [];
    this.held = undefined;
    this.keeper.holding.delete(this);
    this.keeper.heldSpans -= held.length;
    this.keeper.heldBytes -= this.bytes;
    this.bytes = 0;
    return held;
  }
}

function handOver(output: SpanOutput, span: HeldSpan): void {
  span.markSampled();
  output.ended(span);
}

/** The texts that a span holds, at two bytes a character. */
function textBytes({ attrs, events }: HeldSpan): number {
  let bytes = 0;
  for (const key in attrs) {
    const value = attrs[key];
    bytes += 2 * (key.length + (typeof value === 'string' ? value.length : 8));
  }
  if (events) for (const event of events) for (const key in event.attributes) bytes += 2 * (key.length + String(event.attributes[key]).length);
  return bytes;
}
