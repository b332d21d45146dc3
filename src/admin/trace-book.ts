import type { EndedSpan } from '../core/ended-span.ts';
import { type Redactor, redactor } from '../core/redact.ts';
import { redactAttributes } from '../core/redact-attributes.ts';

/** Lower bounds of the latency buckets in milliseconds: those of Go's x/net/trace. */
export const BUCKETS_MS: readonly number[] = [0, 50, 100, 200, 500, 1_000, 10_000, 100_000];
/** From here a span below another one is slow enough to be noted: the second bucket's bound. */
export const SLOW_MS = 50;
/** The number of the bucket that keeps what failed, however long it took. */
export const FAILED = BUCKETS_MS.length;

const KEPT = 10; // a bucket: as many as a person reads
/** Once a bucket is full, spans that end sooner after the last one it took are only counted: 15 ns a call. */
const APART_MS = 1;
const MAX_FAMILIES = 200; // names that have buckets of their own; 200 names with full buckets are 18,000 small records
const OTHER = '(other names)';
const KIND_SERVER = 1;

/** What is kept of a span. */
export interface NotedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** One name with its counts and what is kept of it. */
export interface Family {
  readonly name: string;
  /** Spans by bucket since the start; the last one counts those that failed. */
  readonly counts: readonly number[];
  /**
   * The upper bound of the bucket in which the 99th percentile lies; infinite for the last one, `undefined` before 100 spans
   * and where the fast ones below other spans were not counted.
   */
  readonly p99Ms: number | undefined;
}

/**
 * A copy of the little that a page shows: the span itself would keep its whole trace in memory. Once a bucket is full its
 * notes are written over, so that a call allocates nothing.
 */
class Note {
  t0 = 0;
  t1 = 0;
  t2 = 0;
  t3 = 0;
  s0 = 0;
  s1 = 0;
  name = '';
  kind = 0;
  startMono = 0.5; // with a fraction from the start: V8 then keeps it as a double and writes in place
  endMono = 0.5;
  statusCode = 0;
  attrs: EndedSpan['attrs'] = undefined;
  values: EndedSpan['values'] = undefined;

  take(span: EndedSpan): void {
    const { trace } = span;
    this.t0 = trace.t0;
    this.t1 = trace.t1;
    this.t2 = trace.t2;
    this.t3 = trace.t3;
    this.s0 = span.s0;
    this.s1 = span.s1;
    this.name = span.name;
    this.kind = span.kind;
    this.startMono = span.startMono;
    this.endMono = span.endMono;
    this.statusCode = span.statusCode;
    this.attrs = span.attrs;
    this.values = span.values;
  }
}

/** The last spans of one bucket. */
class Slot {
  readonly notes: Note[] = [];
  next = 0;
  lastMono = Number.NEGATIVE_INFINITY;

  take(span: EndedSpan): void {
    this.lastMono = span.endMono;
    let note = this.notes[this.next];
    if (note === undefined) {
      note = new Note();
      this.notes.push(note);
    }
    this.next = (this.next + 1) % KEPT;
    note.take(span);
  }
}

class Shelf {
  /** A span below another one was noted: of those only the slow and the failed ones are. */
  isPartial = false;
  readonly counts = new Array<number>(BUCKETS_MS.length + 1).fill(0);
  readonly slots: Slot[] = BUCKETS_MS.concat(0).map(() => new Slot());

  add(bucket: number, span: EndedSpan): void {
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    const slot = this.slots[bucket] as Slot;
    // A function that is called a million times a second has no need that each call is noted.
    if (slot.notes.length < KEPT || Math.abs(span.endMono - slot.lastMono) >= APART_MS) slot.take(span);
  }
}

/**
 * Recent spans by name and latency, in fixed memory: the last few of each bucket, so that a slow one is not pushed out by
 * the many fast ones. Spans that begin a trace in this process are noted, and every span that was slow or failed.
 */
export class TraceBook {
  readonly #shelves = new Map<string, Shelf>();
  /** The same by the ID of the traced function, so that a call looks up no text. */
  readonly #byFunction: (Shelf | undefined)[] = [];
  readonly #epochMs: () => number;
  readonly #revise: Redactor;

  /** `epochMs` is what turns monotonic milliseconds into the wall clock's; `revise` hides secrets where spans are shown. */
  constructor(epochMs: () => number, revise: Redactor = redactor()) {
    this.#epochMs = epochMs;
    this.#revise = revise;
  }

  /** Takes a span that has ended; on the hot path, so a fast span below another is passed over at once. */
  note(span: EndedSpan): void {
    const failed = span.statusCode === 2;
    const ms = span.endMono - span.startMono;
    const isBelow = (span.p0 !== 0 || span.p1 !== 0) && span.kind !== KIND_SERVER;
    if (isBelow && ms < SLOW_MS && !failed) return;
    const { def } = span;
    const shelf = def !== undefined && def.name === span.name ? (this.#byFunction[def.id] ?? this.#learn(def)) : this.#shelf(span.name);
    if (isBelow) shelf.isPartial = true;
    shelf.add(bucketOf(ms), span);
    if (failed) shelf.add(FAILED, span);
  }

  families(): Family[] {
    return [...this.#shelves]
      .map(([name, { counts, isPartial }]) => ({ name, counts: [...counts], p99Ms: isPartial ? undefined : p99Of(counts) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What is kept of a name, newest first; of one bucket where it is named. */
  spans(name: string, bucket?: number): NotedSpan[] {
    const slots = this.#shelves.get(name)?.slots ?? [];
    const notes = (bucket === undefined ? slots : slots.slice(bucket, bucket + 1)).flatMap((slot) => slot.notes);
    // One that failed stands in two buckets.
    const shown = new Map(notes.map((note) => [`${note.t0} ${note.t1} ${note.t2} ${note.t3} ${note.s0} ${note.s1}`, this.#show(note)]));
    return [...shown.values()].sort((a, b) => b.startMs - a.startMs);
  }

  #learn(def: NonNullable<EndedSpan['def']>): Shelf {
    const shelf = this.#shelf(def.name);
    // Without holes: an array with holes is looked up like a map.
    while (this.#byFunction.length < def.id) this.#byFunction.push(undefined);
    this.#byFunction[def.id] = shelf;
    return shelf;
  }

  #shelf(name: string): Shelf {
    const known = this.#shelves.get(name);
    if (known) return known;
    const key = this.#shelves.size < MAX_FAMILIES ? name : OTHER;
    const shelf = this.#shelves.get(key) ?? new Shelf();
    this.#shelves.set(key, shelf);
    return shelf;
  }

  #show(note: Note): NotedSpan {
    return {
      name: note.name,
      kind: note.kind,
      traceId: hex(note.t0) + hex(note.t1) + hex(note.t2) + hex(note.t3),
      spanId: hex(note.s0) + hex(note.s1),
      startMs: note.startMono + this.#epochMs(),
      durationMs: note.endMono - note.startMono,
      failed: note.statusCode === 2,
      attributes: redactAttributes({ ...note.values, ...note.attrs }, this.#revise),
    };
  }
}

function bucketOf(ms: number): number {
  let bucket = 0;
  while (bucket + 1 < BUCKETS_MS.length && ms >= (BUCKETS_MS[bucket + 1] as number)) bucket++;
  return bucket;
}

const ENOUGH = 100; // fewer spans have no 99th percentile

function p99Of(counts: readonly number[]): number | undefined {
  const total = counts.slice(0, FAILED).reduce((sum, count) => sum + count, 0);
  if (total < ENOUGH) return undefined;
  let below = 0;
  for (let bucket = 0; bucket < FAILED; bucket++) {
    below += counts[bucket] as number;
    if (below >= total * 0.99) return BUCKETS_MS[bucket + 1] ?? Number.POSITIVE_INFINITY;
  }
  return undefined;
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
