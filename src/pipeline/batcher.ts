import { clock, epochOffset, type TimerHandle } from '../core/clock.ts';
import { warn } from '../core/diag.ts';
import type { EndedSpan, SpanOutput } from '../core/ended-span.ts';
import { countPoints, type MetricSnapshot } from '../core/metric-data.ts';
import type { Signal } from '../core/records.ts';
import type { Redactor } from '../core/redact.ts';
import { Dictionaries } from './dictionaries.ts';
import { type Batch, Inflight } from './inflight.ts';
import type { Ledger } from './ledger.ts';
import { BATCH_ROWS, type Learning, LIBRARY, META, NAME, packMeta, QUEUE_ROWS, ROW_WORDS, SIDE_BYTES } from './rows.ts';
import { SideWriter, TOO_LARGE } from './side-writer.ts';

/** How long a record waits for others; short enough that a person who looks at once finds it. */
const LINGER_MS = 200;
/** Lines and long texts of one batch: above it the batch is posted, so that none is longer than some milliseconds of work. */
const BATCH_CHARS = 1_048_576;
/** Log and error lines of one batch. */
const BATCH_LINES = 1_024;
/** Text of one record. Loki refuses bodies above 512 KB for good. */
const RECORD_CHARS = 524_288;
/** What a point of a metric counts as text: a histogram's labels and buckets. */
const POINT_CHARS = 256;
/** While the queue is full, every so many records look again for a free slot. */
const LOOK_EVERY = 64;

/** What `OTEL_BSP_*` sets; each may be left out. */
export interface QueueLimits {
  /** How long a span waits for others; default 200 ms. */
  readonly delayMs?: number | undefined;
  /** Spans of one batch, at most {@link BATCH_ROWS}, which is the default. */
  readonly batchSize?: number | undefined;
  /** Spans under way, at most {@link QUEUE_ROWS}, which is the default. */
  readonly queueSize?: number | undefined;
}

/** What the batcher needs of the rest. */
export interface BatcherOptions {
  readonly rows: SharedArrayBuffer;
  readonly side: SharedArrayBuffer;
  readonly control: Int32Array;
  readonly ledger: Ledger;
  /** Hands a batch to the worker; where none runs, the next one gets it from {@link Batcher.beginAgain}. */
  post(batch: Batch, learning: Learning): void;
  /** Bounds of the queue of spans; see {@link QueueLimits}. */
  readonly limits?: QueueLimits | undefined;
  /** Judges the attributes of spans; default: by the usual names of secrets. */
  readonly redact?: Redactor | undefined;
  /** Told when the first `total` journal lines are safe in the destination. */
  acknowledge?: ((total: number) => void) | undefined;
}

/**
 * The app thread's end of the pipeline: copies finished spans into rows of shared memory and lines into lists, and posts
 * them as batches. It encodes nothing and blocks on nothing; what does not fit is counted.
 */
export class Batcher implements SpanOutput {
  readonly #options: BatcherOptions;
  readonly #ledger: Ledger;
  readonly #produced: Float64Array;
  readonly #ints: Int32Array;
  readonly #doubles: Float64Array;
  readonly #dictionaries = new Dictionaries();
  readonly #side: SideWriter;
  readonly #lingerMs: number;
  readonly #batchSize: number;
  readonly #queueSize: number;
  readonly #inflight: Inflight;
  #batch: Batch | undefined;
  /** Next row; at `#end` the batch (or the lack of one) has to be looked at. */
  #row = 0;
  #end = 0;
  #timer: TimerHandle | undefined;
  #refused = 0;
  #journaled = 0;
  #acknowledged = 0;
  #journalGap = false;
  #closed = false;
  #usedMs = 0;

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#produced = options.ledger.produced;
    this.#ints = new Int32Array(options.rows);
    this.#doubles = new Float64Array(options.rows);
    this.#side = new SideWriter(options.side, this.#dictionaries.keys, options.redact);
    const { delayMs = LINGER_MS, batchSize = BATCH_ROWS, queueSize = QUEUE_ROWS } = options.limits ?? {};
    this.#lingerMs = delayMs;
    this.#batchSize = Math.min(BATCH_ROWS, batchSize);
    this.#queueSize = Math.min(QUEUE_ROWS, queueSize);
    this.#inflight = new Inflight(options.control, options.ledger);
  }

  ended(span: EndedSpan): void {
    if (this.#row === this.#end) return this.#endedAtBoundary(span);
    this.#produced[0]!++;
    const at = this.#row * ROW_WORDS;
    const ints = this.#ints;
    const doubles = this.#doubles;
    const trace = span.trace;
    doubles[at >> 1] = span.startMono;
    doubles[(at >> 1) + 1] = span.endMono;
    ints[at + 4] = trace.t0;
    ints[at + 5] = trace.t1;
    ints[at + 6] = trace.t2;
    ints[at + 7] = trace.t3;
    ints[at + 8] = span.s0;
    ints[at + 9] = span.s1;
    ints[at + 10] = span.p0;
    ints[at + 11] = span.p1;
    const def = span.def;
    const name = def !== undefined && def.name === span.name ? this.#dictionaries.functionName(def) : this.#dictionaries.name(span.name);
    ints[at + NAME] = name;
    ints[at + LIBRARY] = span.library === undefined ? 0 : this.#dictionaries.library(span.library);
    let meta = packMeta(span.flags, span.kind, span.statusCode);
    if (
      name < 0 ||
      span.attrs !== undefined ||
      span.values !== undefined ||
      span.events !== undefined ||
      span.links !== undefined ||
      span.statusMessage !== undefined ||
      trace.traceState !== undefined ||
      (span.droppedAttributes | span.droppedEvents | span.droppedLinks) !== 0
    ) {
      const has = this.#appendSide(span, at, name < 0);
      if (has < 0) return this.#endedElsewhere(span, has);
      meta |= has;
    }
    ints[at + META] = meta;
    this.#row++;
    if (this.#timer === undefined) this.#arm();
  }

  /**
   * The batch is full, or there is none. The first span of each batch is timed: what it costs, times the batch's rows, is
   * the estimate of our own cost on this thread, and all other spans are spared the clock.
   */
  #endedAtBoundary(span: EndedSpan): void {
    if (!this.#spanRoom()) {
      this.#produced[0]!++;
      return this.#refuse('span');
    }
    const began = clock.mono();
    this.ended(span);
    if (this.#batch !== undefined) this.#batch.rowMs = clock.mono() - began;
  }

  sampledOut(): void {
    this.#produced[0]!++;
    this.#ledger.drop('span', 'sampled');
  }

  /** Counts a log line that sampling or a rate limit left out. */
  logSampledOut(): void {
    this.#produced[1]!++;
    this.#ledger.drop('log', 'sampled');
  }

  /** Takes a log line as it was written. */
  log(line: string, severity: number): void {
    this.#produced[1]!++;
    const batch = this.#forLine('log', line);
    if (batch === undefined) return;
    batch.logs.push(line);
    batch.severities.push(severity);
  }

  /** Takes a line of the error journal; `journaled` is false where the journal could not be written. */
  error(line: string, journaled = true): void {
    this.#produced[2]!++;
    const batch = this.#forLine('error', line, journaled);
    if (batch === undefined) {
      // The line stays in the journal, and so does everything after it, for the next start.
      if (journaled) this.#journalGap = true;
      return;
    }
    if (journaled) {
      batch.onDisk++;
      if (!this.#journalGap) this.#journaled++;
    }
    batch.errors.push(line);
  }

  /** Takes everything that was measured, at one moment; it is counted by its points. */
  metrics(snapshot: MetricSnapshot): void {
    const points = countPoints([snapshot]);
    this.#produced[3]! += points;
    if (points === 0) return;
    if (this.#batch === undefined && !this.#room('metric')) return this.#refuse('metric', points);
    const batch = this.#batch as Batch;
    batch.metrics.push(snapshot);
    batch.chars += points * POINT_CHARS;
    if (this.#timer === undefined) this.#arm();
  }

  /** Seconds that this thread spent on handing records over. */
  get usedSeconds(): number {
    return this.#usedMs / 1_000;
  }

  /** Posts what there is. */
  post(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    batch.rows = this.#row - batch.slot * BATCH_ROWS;
    if (batch.rows === 0 && batch.chars === 0) return;
    const began = clock.mono();
    this.#batch = undefined;
    this.#row = 0;
    this.#end = 0;
    batch.epochMs = epochOffset();
    batch.journaled = this.#journaled;
    this.#inflight.add(batch);
    const learning = this.#dictionaries.increment();
    this.#options.post(batch, learning);
    this.#usedMs += clock.mono() - began + batch.rowMs * batch.rows;
  }

  /** Takes back the slots that the worker has settled. */
  reap(): void {
    const journaled = this.#inflight.reap();
    if (journaled <= this.#acknowledged) return;
    this.#acknowledged = journaled;
    this.#options.acknowledge?.(journaled);
  }

  /** What a worker that starts anew has to know, and the batches that the last one left. */
  beginAgain(): { readonly learning: Learning; readonly batches: readonly Batch[] } {
    return { learning: this.#dictionaries.all(), batches: this.#inflight.beginAgain() };
  }

  /** Ends the work: what is under way, and what comes, is counted as come too late. */
  close(): void {
    this.post();
    this.#inflight.close();
    this.#closed = true;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
  }

  #refuse(signal: Signal, count = 1): void {
    this.#ledger.drop(signal, this.#closed ? 'expired' : 'queue_full', count);
    if (!this.#closed)
      warn(
        'pipeline-full',
        'records are made faster than they can be carried away; those that the queue has no room for are counted as queue_full ("sonde ledger" shows them). Sample what is called most',
      );
    // An error is in its journal, which the next process delivers.
    else if (signal !== 'error')
      warn(
        'pipeline-over',
        `a ${signal} record was made after telemetry ended (after shutdown(), or in an exit listener); such records are counted as expired`,
      );
  }

  /** Rows that a batch which begins now may hold. */
  #capacity(): number {
    return Math.max(0, Math.min(this.#batchSize, this.#queueSize - this.#inflight.rows));
  }

  /** Makes room for a span, where the queue has any. */
  #spanRoom(): boolean {
    if (this.#batch !== undefined && this.#row > this.#batch.slot * BATCH_ROWS) this.post();
    if (this.#inflight.rows >= this.#queueSize && !(this.#look() && this.#inflight.rows < this.#queueSize)) return false;
    if (this.#batch === undefined) return this.#room('span');
    this.#end = this.#row + this.#capacity(); // it was begun for lines while the queue of spans was full
    return true;
  }

  /** While the queue is full, looks now and then for batches that are settled; whether it did. */
  #look(): boolean {
    if (this.#refused++ % LOOK_EVERY !== 0) return false;
    this.reap();
    return true;
  }

  /** Makes room for a record: the batch that is full goes, another slot begins. */
  #room(signal: Signal): boolean {
    if (this.#batch !== undefined) this.post();
    if (!this.#inflight.hasRoom(signal) && !(this.#look() && this.#inflight.hasRoom(signal))) return false;
    const slot = this.#inflight.takeSlot();
    this.#refused = 0;
    this.#batch = {
      slot,
      rows: 0,
      epochMs: 0,
      beside: [],
      logs: [],
      severities: [],
      errors: [],
      metrics: [],
      journaled: 0,
      onDisk: 0,
      chars: 0,
      rowMs: 0,
      deaths: 0,
    };
    this.#side.begin(slot * SIDE_BYTES, this.#batch.beside);
    this.#row = slot * BATCH_ROWS;
    this.#end = this.#row + this.#capacity();
    return true;
  }

  /** The batch for a line; `onDisk`: where there is none the journal keeps it. */
  #forLine(signal: Signal, line: string, onDisk = false): Batch | undefined {
    if (line.length > RECORD_CHARS) {
      if (onDisk) this.#ledger.leaveInJournal(1);
      else this.#ledger.drop(signal, 'too_large');
      return undefined;
    }
    const full = this.#batch !== undefined && (this.#batch.chars > BATCH_CHARS || this.#batch.logs.length + this.#batch.errors.length >= BATCH_LINES);
    if ((full || this.#batch === undefined) && !this.#room(signal)) {
      if (onDisk) this.#ledger.leaveInJournal(1);
      else this.#refuse(signal);
      return undefined;
    }
    const batch = this.#batch as Batch;
    batch.chars += line.length + 1;
    if (this.#timer === undefined) this.#arm();
    return batch;
  }

  #arm(): void {
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      this.post();
      this.reap();
      if (!this.#inflight.empty) this.#arm();
    }, this.#lingerMs);
  }

  /** Appends what is no number; the bits that say what there is, or why there is no row: {@link SideWriter.write}. */
  #appendSide(span: EndedSpan, at: number, rawName: boolean): number {
    const has = this.#side.write(span, this.#ints, at, rawName, RECORD_CHARS);
    const chars = this.#side.chars;
    if (has >= 0 && chars > 0) {
      const batch = this.#batch as Batch;
      batch.chars += chars;
      // Enough text: this row is the batch's last.
      if (batch.chars > BATCH_CHARS) this.#end = this.#row + 1;
    }
    return has;
  }

  /** The side bytes of the batch are full: the span goes to the next one, unless it alone is too large. */
  #endedElsewhere(span: EndedSpan, why: number): void {
    if (why === TOO_LARGE || this.#row === (this.#batch as Batch).slot * BATCH_ROWS) return this.#ledger.drop('span', 'too_large');
    this.post();
    this.#produced[0]!--; // it is counted once more
    this.ended(span);
  }
}
