import type { EndedSpan } from '../core/ended-span.ts';
import { errorReported } from '../core/events.ts';
import type { Scope } from '../core/scope.ts';
import { type LevelName, SEVERITY } from './level.ts';
import { firstWord } from './level-scope.ts';
import { type Line, writeIn } from './line.ts';
import { captureLine } from './writer.ts';

/** Retroactive debug: lines below the level are held for a while, and written when their trace fails. */
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

interface TraceLines {
  lines: { readonly line: Line; readonly bytes: number }[];
  bytes: number;
}

const LINE_BYTES = 200; // the objects of a line without its texts, measured with a heap snapshot
const OBJECT_BYTES = 300; // a nested value is held by reference; this stands for it

let options: Required<RetroOptions> | undefined;
let unsubscribe = (): void => {};
// By the trace's object where the engine has one, else by its ID. A map keeps the order of insertion.
const traces = new Map<unknown, TraceLines>();
let heldBytes = 0;
export const retroCounts = { held: 0, written: 0, forgotten: 0 };

/** Turns retroactive debug on, or off with `undefined`. */
export function configureRetro(next: RetroOptions | undefined): void {
  unsubscribe();
  traces.clear();
  heldBytes = 0;
  options = next && { ...defaultRetro, ...next };
  heldFrom = SEVERITY[options?.level ?? 'off'];
  unsubscribe = next
    ? errorReported.subscribe(({ record, scope }) => {
        if (record.severity_number >= SEVERITY.error) writeHeld(scope);
      })
    : () => {};
}

/** Severity from which lines are held; above all levels where retroactive debug is off. A live binding: a call reads it. */
export let heldFrom: number = SEVERITY.off;

/** Holds a line that was not written. Outside of a trace nothing would ever ask for it. Values are held as they are, not copied. */
export function hold(line: Line): void {
  const key = keyOf(line.scope);
  if (key === undefined || options === undefined) return;
  let trace = traces.get(key);
  if (trace === undefined) {
    trace = { lines: [], bytes: 0 };
    traces.set(key, trace);
    if (traces.size > options.traces) forgetOldest();
  }
  const bytes = LINE_BYTES + bytesOf(line.first) + line.rest.reduce<number>((sum, item) => sum + bytesOf(item), 0);
  trace.lines.push({ line, bytes });
  trace.bytes += bytes;
  heldBytes += bytes;
  retroCounts.held++;
  if (trace.lines.length > options.linesPerTrace) {
    const first = trace.lines.shift();
    trace.bytes -= first?.bytes ?? 0;
    heldBytes -= first?.bytes ?? 0;
    retroCounts.forgotten++;
  }
  while (heldBytes > options.maxBytes && traces.size > 0) forgetOldest();
}

/** Writes what is held of the trace of `scope`, with the times that the lines belong to, and forgets it. */
export function writeHeld(scope: Scope): void {
  const key = traces.size === 0 ? undefined : keyOf(scope);
  const trace = traces.get(key);
  if (trace === undefined) return;
  drop(key, trace);
  for (const { line } of trace.lines) {
    retroCounts.written++;
    write(line);
  }
}

/** The last lines of a trace that are held, as JSON texts; for its error record. */
export function lastLines(traceId: string): readonly string[] {
  const word = firstWord(traceId);
  for (const [key, { lines }] of traces) {
    const { t0 } = key as Partial<EndedSpan['trace']>;
    if (typeof key === 'string' ? key !== traceId : ((t0 ?? 0) | 0) !== word || lines[0]?.line.scope.span?.spanContext().traceId !== traceId) continue;
    return lines.map(({ line }) => captureLine(() => write(line)) ?? '').filter((text) => text !== '');
  }
  return [];
}

function write({ level, nameText, timeMs, scope, bindings, first, rest }: Line): void {
  writeIn(level, nameText, timeMs, scope, bindings, first, rest, ',"retroactive":true');
}

function keyOf({ span }: Scope): unknown {
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
    retroCounts.forgotten += trace.lines.length;
    drop(key, trace);
    return;
  }
}

function drop(key: unknown, trace: TraceLines): void {
  traces.delete(key);
  heldBytes -= trace.bytes;
}
