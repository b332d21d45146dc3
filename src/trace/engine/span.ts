import type { Exception, Link, Span, SpanContext, SpanStatus, TimeInput } from '@opentelemetry/api';
import type { Attributes, AttributeValue } from '../../core/attributes.ts';
import { clock } from '../../core/clock.ts';
import type { EndedSpan } from '../../core/ended-span.ts';
import { errorType } from '../../core/error-type.ts';
import type { FunctionDef } from '../../core/function-def.ts';
import type { AttributeBag, SpanEventData, SpanLinkData } from '../../core/records.ts';
import { Scope } from '../../core/scope.ts';
import { listOpen, NOT_LISTED, unlistOpen } from '../open-spans.ts';
import { type NativeTrace, SAMPLED } from './identity.ts';
import { hex32, randomPool, reserveRandom } from './ids.ts';
import { attributeValue } from './limits.ts';
import type { HeldSpan } from './tail.ts';
import { epochOf, type Moment, monoOf } from './time-input.ts';
import { parseTraceState } from './trace-state.ts';

// Where the marks of a span lie; the flags are the lowest 8 bits.
const FLAGS_MASK = 0xff;
const KIND_SHIFT = 8;
const KIND_MASK = 7;
const STATUS_SHIFT = 11;
const STATUS_MASK = 3;

/** What few spans have, kept apart so that the others are small. */
class Rare {
  context: SpanContext | undefined = undefined;
  statusMessage: string | undefined = undefined;
  events: SpanEventData[] | undefined = undefined;
  links: SpanLinkData[] | undefined = undefined;
  library: EndedSpan['library'] = undefined;
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
}

/**
 * A span of our engine. It is also the scope (and OpenTelemetry context) in which it is active, and the record that is
 * handed over when it ends: one allocation a call.
 */
export class NativeSpan extends Scope implements Span, HeldSpan {
  // Declared only: see `Scope`.
  declare readonly trace: NativeTrace;
  // Its ID; zeros until somebody asks for it.
  declare private i0: number;
  declare private i1: number;
  declare readonly p0: number;
  declare readonly p1: number;
  // Flags, kind and status in one: the collector moves the span of each call that is under way.
  declare private marks: number;
  declare readonly def: FunctionDef | undefined;
  declare name: string;
  declare readonly caller: FunctionDef | undefined;
  declare startMono: number;
  declare private endedMono: number | undefined;
  declare attrs: AttributeBag | undefined;
  declare attrCount: number;
  declare rare: Rare | undefined;
  declare openAt: number;

  constructor(
    parent: Scope,
    trace: NativeTrace,
    p0: number,
    p1: number,
    flags: number,
    def: FunctionDef | undefined,
    name: string,
    kind: number,
    caller: FunctionDef | undefined,
  ) {
    super(parent);
    this.span = this;
    this.trace = trace;
    this.i0 = 0;
    this.i1 = 0;
    this.p0 = p0;
    this.p1 = p1;
    this.marks = flags | ((kind & KIND_MASK) << KIND_SHIFT);
    this.def = def;
    this.name = name;
    this.caller = caller;
    this.startMono = clock.mono();
    this.endedMono = undefined;
    this.attrs = undefined;
    this.attrCount = 0;
    this.rare = undefined;
    this.openAt = NOT_LISTED;
  }

  get s0(): number {
    if (this.i1 === 0) this.draw();
    return this.i0;
  }
  get s1(): number {
    if (this.i1 === 0) this.draw();
    return this.i1;
  }
  get flags(): number {
    return this.marks & FLAGS_MASK;
  }
  get kind(): number {
    return (this.marks >> KIND_SHIFT) & KIND_MASK;
  }
  get statusCode(): number {
    return (this.marks >> STATUS_SHIFT) & STATUS_MASK;
  }
  get hasEnded(): boolean {
    return this.endedMono !== undefined;
  }
  /** That of its start until it has ended. */
  get endMono(): number {
    return this.endedMono ?? this.startMono;
  }
  get statusMessage(): string | undefined {
    return this.rare?.statusMessage;
  }
  get events(): readonly SpanEventData[] | undefined {
    return this.rare?.events;
  }
  get links(): readonly SpanLinkData[] | undefined {
    return this.rare?.links;
  }
  get library(): EndedSpan['library'] {
    return this.rare?.library;
  }
  set library(library: EndedSpan['library']) {
    this.detail().library = library;
  }
  get droppedAttributes(): number {
    return this.rare === undefined ? 0 : this.rare.droppedAttributes;
  }
  get droppedEvents(): number {
    return this.rare === undefined ? 0 : this.rare.droppedEvents;
  }
  get droppedLinks(): number {
    return this.rare === undefined ? 0 : this.rare.droppedLinks;
  }

  spanContext(): SpanContext {
    const rare = this.detail();
    rare.context ??= this.#makeContext();
    return rare.context;
  }

  isRecording(): boolean {
    if (this.hasEnded) return false;
    if ((this.flags & SAMPLED) !== 0) return true;
    // The sampler refused it, but its outcome may yet speak for it.
    return this.trace.host.keeper !== undefined;
  }

  setAttribute(key: string, value: unknown): this {
    if (!this.isRecording() || typeof key !== 'string' || key === '' || key === '__proto__') return this;
    const limits = this.trace.host.limits;
    const kept = attributeValue(value, limits.attributeLength);
    if (kept === undefined) return this;
    this.attrs ??= {};
    if (this.attrs[key] === undefined) {
      if (this.attrCount >= limits.attributes) {
        this.detail().droppedAttributes++;
        return this;
      }
      this.attrCount++;
    }
    this.attrs[key] = kept;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const key in attributes) this.setAttribute(key, attributes[key]);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.isRecording()) return this;
    const isTime = typeof attributesOrTime === 'number' || Array.isArray(attributesOrTime) || attributesOrTime instanceof Date;
    const when = isTime ? (attributesOrTime as TimeInput) : time;
    const rare = this.detail();
    rare.events ??= [];
    const { events } = this.trace.host.limits;
    if (rare.events.length >= events) {
      rare.droppedEvents++;
      if (events === 0) return this;
      rare.events.shift(); // as OpenTelemetry's SDK: the latest events tell how it ended
    }
    const attributes = this.#copy(isTime ? undefined : (attributesOrTime as Attributes | undefined), this.trace.host.limits.attributesPerEvent);
    rare.events.push({ name: String(name), timeMs: epochOf(monoOf(when as Moment | undefined)), attributes });
    return this;
  }

  addLink(link: Link): this {
    if (!this.isRecording() || typeof link?.context !== 'object' || link.context === null) return this;
    const rare = this.detail();
    rare.links ??= [];
    if (rare.links.length >= this.trace.host.limits.links) {
      rare.droppedLinks++;
      return this;
    }
    const { traceId, spanId, traceFlags, traceState } = link.context;
    const attributes = this.#copy(link.attributes as Attributes | undefined, this.trace.host.limits.attributesPerLink);
    rare.links.push({ traceId, spanId, traceState: traceState?.serialize() || undefined, flags: traceFlags, attributes });
    return this;
  }

  addLinks(links: readonly Link[]): this {
    if (Array.isArray(links)) for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (!this.isRecording() || typeof status !== 'object' || status === null) return this;
    // Unset never overwrites; Ok is final (OpenTelemetry specification, Set Status).
    if (status.code === 0 || this.statusCode === 1) return this;
    this.marks = (this.marks & ~(STATUS_MASK << STATUS_SHIFT)) | ((status.code & STATUS_MASK) << STATUS_SHIFT);
    if (status.code === 2) {
      if (typeof status.message === 'string') this.detail().statusMessage = status.message;
      // Now and not at its end: what the failing call sends out, and its exemplar, belong to a kept trace.
      if ((this.flags & SAMPLED) === 0) this.trace.host.keeper?.failed(this.trace, this);
    } else if (this.rare) this.rare.statusMessage = undefined;
    return this;
  }

  updateName(name: string): this {
    if (this.isRecording()) this.name = String(name);
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    if (!this.isRecording()) return;
    const attributes: AttributeBag = {};
    if (typeof exception === 'string') attributes['exception.message'] = exception;
    else if (exception) {
      attributes['exception.type'] = errorType(exception);
      if (exception.message) attributes['exception.message'] = exception.message;
      if (exception.stack) attributes['exception.stacktrace'] = exception.stack;
    }
    this.addEvent('exception', attributes, time);
  }

  end(endTime?: TimeInput): void {
    if (endTime === undefined) this.finish(clock.mono());
    else this.finish(monoOf(endTime as Moment));
  }

  /** Ends the span once; later calls change nothing. */
  finish(endMono: number): void {
    if (this.endedMono !== undefined) return;
    this.endedMono = Math.max(endMono, this.startMono);
    if (this.openAt !== NOT_LISTED) unlistOpen(this);
    const { trace } = this;
    const { output, keeper } = trace.host;
    try {
      if ((this.marks & SAMPLED) !== 0) output.ended(this);
      else if (keeper === undefined) output.sampledOut();
      else keeper.ended(trace, this);
    } catch {
      // The output counts its own losses; a failure of telemetry stays inside telemetry.
    }
  }

  /** Ends it without handing it over. */
  discard(endMono: number): void {
    this.endedMono = endMono;
  }

  /** Keeps a span after all that was not sampled. */
  markSampled(): void {
    this.marks |= SAMPLED;
    if (this.rare !== undefined) this.rare.context = undefined; // it says that the trace is not sampled
  }

  /** Writes why the trace was kept on the span that spoke for it. */
  markKept(reason: string): void {
    this.attrs ??= {};
    this.attrs['sonde.kept'] = reason;
  }

  /** Lists it among the open spans until it ends: its maker has to end it, and may forget to. */
  listUntilEnd(): void {
    listOpen(this);
  }

  private draw(): void {
    const at = reserveRandom(2);
    this.i0 = randomPool[at] as number;
    this.i1 = (randomPool[at + 1] as number) || 1; // an ID of zeros is invalid
  }

  detail(): Rare {
    this.rare ??= new Rare();
    return this.rare;
  }

  #makeContext(): SpanContext {
    const { id, traceState } = this.trace;
    const context: SpanContext = { traceId: id, spanId: hex32(this.s0) + hex32(this.s1), traceFlags: this.flags };
    const state = traceState === undefined ? undefined : parseTraceState(traceState);
    return state === undefined ? context : { ...context, traceState: state };
  }

  #copy(attributes: Attributes | undefined, limit: number): AttributeBag {
    const copy: AttributeBag = {};
    let count = 0;
    for (const key in attributes) {
      const value: AttributeValue | undefined = attributeValue(attributes[key], this.trace.host.limits.attributeLength);
      if (value === undefined || key === '__proto__') continue;
      if (count++ === limit) break;
      copy[key] = value;
    }
    return copy;
  }
}
