import { clock } from '../core/clock.ts';
import { type EndedSpan, isEntry } from '../core/ended-span.ts';
import { callFailed, errorReported } from '../core/events.ts';
import { type LevelName, type LineLevel, SEVERITY } from '../core/level.ts';
import type { Scope, SpanLike } from '../core/scope.ts';
import { type Bindings, writeIn } from './line.ts';

/**
 * Retroactive debug: lines below the level are held for a while, and written when their trace fails: an error is reported
 * or logged in it, or its first span in this process (the request, the outermost traced call) ends with an error.
 */
export interface RetroOptions {
  /** From this level; default `debug`. */
  readonly level?: LevelName;
  /** Lines of one trace; default 100. */
  readonly linesPerTrace?: number;
  /** Traces at the same time; default 500. The one that was quiet the longest is forgotten. */
  readonly traces?: number;
  /** Bytes of all that is held, estimated; default 8 MiB. */
  readonly maxBytes?: number;
}

const defaultRetro: Required<RetroOptions> = {
  level: 'debug',
  linesPerTrace: 100, // what a person reads of one request
  traces: 500, // requests under way in a busy process
  maxBytes: 8 * 1_048_576, // a small share of the smallest container people run Node in
};

/**
 * The lines of one trace, in slots of one list: what is held for a while and then forgotten is the garbage that costs
 * most, so a line is no object of its own.
 */
interface TraceLines {
  readonly slots: unknown[];
  /** Lines that were put in, also those that were overwritten. */
  total: number;
  bytes: number;
  /** The times in the slots are whole milliseconds after this. */
  baseMs: number;
}

const SLOTS = 9; // of a line: level, name, time, scope, bindings, first argument, second, all after it, bytes

const LINE_BYTES = 200; // nine slots, and an object of fields without its texts: an estimate
const OBJECT_BYTES = 300; // a nested value is held by reference; this stands for it

let options: Required<RetroOptions> | undefined;
let unsubscribe = (): void => {};
// By the trace's object where the engine has one, else by its ID. A map keeps the order of insertion.
const traces = new Map<unknown, TraceLines>();
// Lists of traces that are forgotten, for the next ones: growing a list for each trace was half of the cost.
const spare: TraceLines[] = [];
let heldBytes = 0;
export const retroCounts = { held: 0, written: 0, forgotten: 0 };

/** Turns retroactive debug on, or off with `undefined`. */
export function configureRetro(next: RetroOptions | undefined): void {
  unsubscribe();
  traces.clear();
  spare.length = 0;
  heldBytes = 0;
  options = next && { ...defaultRetro, ...next };
  heldFrom = SEVERITY[options?.level ?? 'off'];
  unsubscribe = next ? watchFailures() : () => {};
}

function watchFailures(): () => void {
  const stops = [
    errorReported.subscribe(({ severity, scope }) => {
      if (severity >= SEVERITY.error) writeHeld(scope);
    }),
    callFailed.subscribe(({ scope }) => spanFailed(scope.span)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** A span has ended with an error. Where it is the first one of its trace in this process, the trace has failed: what is held of it is written. */
export function spanFailed(span: SpanLike | EndedSpan | undefined): void {
  if (traces.size > 0 && span !== undefined && beginsTrace(span as SpanLike & Partial<EndedSpan> & SdkSpan)) writeHeld({ span: span as SpanLike });
}

/** What a span of OpenTelemetry's SDK tells of its parent. */
interface SdkSpan {
  readonly parentSpanContext?: { readonly isRemote?: boolean };
}

function beginsTrace(span: Partial<EndedSpan> & SdkSpan): boolean {
  const { trace, p0, p1, parentSpanContext } = span;
  if (trace !== undefined && p0 !== undefined && p1 !== undefined) return isEntry({ trace, p0, p1 });
  return parentSpanContext === undefined || parentSpanContext.isRemote === true;
}

/** Severity from which lines are held; above all levels where retroactive debug is off. A live binding: a call reads it. */
export let heldFrom: number = SEVERITY.off;

/** Holds a line that was not written. Outside of a trace nothing would ever ask for it. Values are held as they are, not copied. */
export function hold(level: LineLevel, nameText: string, scope: Scope, bindings: Bindings | undefined, first: unknown, rest: readonly unknown[]): void {
  const key = keyOf(scope);
  if (key === undefined || options === undefined) return;
  const timeMs = clock.now();
  const trace = traces.get(key) ?? openTrace(key, timeMs, options.traces);
  const { slots } = trace;
  const at = (trace.total % options.linesPerTrace) * SLOTS;
  if (trace.total >= options.linesPerTrace) {
    forgetBytes(trace, slots[at + 8] as number);
    retroCounts.forgotten++;
  }
  const bytes = LINE_BYTES + bytesOf(first) + (rest.length === 0 ? 0 : rest.reduce<number>((sum, item) => sum + bytesOf(item), 0));
  slots[at] = level;
  slots[at + 1] = nameText;
  slots[at + 2] = Math.floor(timeMs - trace.baseMs);
  slots[at + 3] = scope;
  slots[at + 4] = bindings;
  slots[at + 5] = first;
  slots[at + 6] = rest.length === 0 ? NOTHING : rest[0];
  slots[at + 7] = rest.length > 1 ? rest.slice(1) : undefined;
  slots[at + 8] = bytes;
  trace.total++;
  trace.bytes += bytes;
  heldBytes += bytes;
  retroCounts.held++;
  while (heldBytes > options.maxBytes && traces.size > 0) forgetOldest();
}

const NOTHING: unique symbol = Symbol('nothing');

function openTrace(key: unknown, baseMs: number, most: number): TraceLines {
  if (traces.size >= most) forgetOldest();
  const trace = spare.pop() ?? { slots: [], total: 0, bytes: 0, baseMs };
  trace.baseMs = baseMs;
  traces.set(key, trace);
  return trace;
}

/** Writes what is held of the trace of `scope`, with the times that the lines belong to, and forgets it. */
export function writeHeld(scope: Pick<Scope, 'span'>): void {
  const key = traces.size === 0 ? undefined : keyOf(scope);
  const trace = traces.get(key);
  if (trace === undefined) return;
  drop(key, trace);
  for (const at of linesOf(trace)) {
    retroCounts.written++;
    write(trace, at);
  }
  recycle(trace);
}

/** Where the lines of a trace begin in its slots, the oldest first. */
function linesOf({ total }: TraceLines): number[] {
  const count = Math.min(total, options?.linesPerTrace ?? 0);
  return Array.from({ length: count }, (_, i) => ((Math.max(total - count, 0) + i) % count) * SLOTS);
}

function write({ slots, baseMs }: TraceLines, at: number): void {
  const [level, nameText, offset, scope, bindings, first, second, more] = slots.slice(at, at + SLOTS) as [
    LineLevel,
    string,
    number,
    Scope,
    Bindings | undefined,
    unknown,
    unknown,
    unknown[] | undefined,
  ];
  const rest = second === NOTHING ? [] : [second, ...(more ?? [])];
  writeIn(level, nameText, baseMs + offset, scope, bindings, first, rest, ',"retroactive":true');
}

function keyOf({ span }: Pick<Scope, 'span'>): unknown {
  return span === undefined ? undefined : ((span as Partial<EndedSpan>).trace ?? span.spanContext().traceId);
}

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = OBJECT_BYTES;
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    bytes += typeof item === 'string' ? item.length * 2 : typeof item === 'object' ? OBJECT_BYTES : 8;
  }
  return bytes;
}

function forgetOldest(): void {
  for (const [key, trace] of traces) {
    retroCounts.forgotten += linesOf(trace).length;
    drop(key, trace);
    recycle(trace);
    return;
  }
}

function recycle(trace: TraceLines): void {
  trace.slots.fill(undefined, 0, Math.min(trace.slots.length, trace.total * SLOTS));
  trace.total = 0;
  trace.bytes = 0;
  spare.push(trace);
}

function forgetBytes(trace: TraceLines, bytes: number): void {
  trace.bytes -= bytes;
  heldBytes -= bytes;
}

function drop(key: unknown, trace: TraceLines): void {
  traces.delete(key);
  heldBytes -= trace.bytes;
}
