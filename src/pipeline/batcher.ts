import type { Attributes, AttributeValue } from '../core/attributes.ts';
import { clock, type TimerHandle } from '../core/clock.ts';
import type { EndedSpan, SpanOutput } from '../core/ended-span.ts';
import type { Signal } from '../core/records.ts';
import { Interner } from './interner.ts';
import type { Ledger } from './ledger.ts';
import { IN_WORK, POSTED, SETTLED, SLOT_STATES } from './messages.ts';
import {
  BATCH_ROWS, type DictionaryPart, HAS_ATTRIBUTES, HAS_DROPS, HAS_EVENTS, HAS_LINKS, HAS_STATUS_MESSAGE, HAS_TRACE_STATE, HAS_VALUES,
  LIBRARY, type Library, META, NAME, packMeta, ROW_WORDS, SIDE, type SideEntry, SLOTS,
} from './rows.ts';

/** How long a record waits for others; short enough that a person who looks at once finds it. */
const LINGER_MS = 200;
/** Names and keys of a program are some hundreds; what is beyond has an ID in it. */
const DICTIONARY_LIMIT = 8_192;
const LIBRARY_LIMIT = 255;
/** Text of one batch: above it the batch is posted, so that no message is longer than some milliseconds of work. */
const BATCH_CHARS = 1_048_576;
/** Log and error lines of one batch. */
const BATCH_LINES = 1_024;
/** Text of all batches under way: with the copies that the worker has, 64 MiB at most. */
const INFLIGHT_CHARS = 16 * 1_048_576;
/** Text of one record. Loki refuses bodies above 512 KB for good. */
const RECORD_CHARS = 524_288;
/** A batch on which this many workers died is the cause. */
const MAX_DEATHS = 3;
/** While the queue is full, every so many records look again for a free slot. */
const LOOK_EVERY = 64;

/** A batch as the app thread keeps it until the worker has settled it. */
export interface Batch {
  readonly slot: number;
  rows: number;
  epochMs: number;
  readonly side: SideEntry[];
  readonly logs: string[];
  readonly severities: number[];
  readonly errors: string[];
  /** Journal lines handed over up to the end of this batch. */
  journaled: number;
  chars: number;
  /** Workers that died while they took it apart. */
  deaths: number;
}

/** What the batcher needs of the rest. */
export interface BatcherOptions {
  readonly rows: SharedArrayBuffer;
  readonly control: Int32Array;
  readonly ledger: Ledger;
  /** Hands a batch to the worker; where none runs, the next one gets it from {@link Batcher.beginAgain}. */
  post(batch: Batch, dictionary: DictionaryPart | undefined, libraries: readonly Library[] | undefined): void;
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
  readonly #states: Int32Array;
  readonly #ints: Int32Array;
  readonly #doubles: Float64Array;
  readonly #dictionary = new Interner(DICTIONARY_LIMIT);
  readonly #libraries: Library[] = [{ name: 'sonde', version: undefined }];
  readonly #libraryNumbers = new Map<object, number>();
  #librariesSent = 1;
  /** Dictionary number by function, plus one; 0 is not known yet. */
  #defNames = new Int32Array(1_024);
  #free: number[] = [];
  #inflight: Batch[] = [];
  #inflightChars = 0;
  #batch: Batch | undefined;
  /** Next row; at `#end` the batch (or the lack of one) has to be looked at. */
  #row = 0;
  #end = 0;
  #values: Attributes | undefined;
  #valuesAt = 0;
  #timer: TimerHandle | undefined;
  #epochMs = 0;
  #refused = 0;
  #journaled = 0;
  #acknowledged = 0;
  #journalGap = false;
  #closed = false;

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#produced = options.ledger.produced;
    this.#states = options.control;
    this.#ints = new Int32Array(options.rows);
    this.#doubles = new Float64Array(options.rows);
    for (let slot = SLOTS - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  ended(span: EndedSpan): void {
    this.#produced[0]!++;
    if (this.#row === this.#end && !this.#room()) return this.#refuse('span');
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
    const name = def !== undefined && def.name === span.name ? this.#defName(def) : this.#dictionary.number(span.name);
    ints[at + NAME] = name;
    ints[at + LIBRARY] = span.library === undefined ? 0 : this.#libraryNumber(span.library);
    let meta = packMeta(span.flags, span.kind, span.statusCode);
    if (
      name < 0 || span.attrs !== undefined || span.values !== undefined || span.events !== undefined || span.links !== undefined ||
      span.statusMessage !== undefined || trace.traceState !== undefined || (span.droppedAttributes | span.droppedEvents | span.droppedLinks) !== 0
    ) {
      const has = this.#appendSide(span, at, name < 0);
      if (has < 0) return this.#ledger.drop('span', 'too_large');
      meta |= has;
    }
    ints[at + META] = meta;
    this.#row++;
    if (this.#timer === undefined) this.#arm();
  }

  sampledOut(): void {
    this.#produced[0]!++;
    this.#ledger.drop('span', 'sampled');
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
    const batch = this.#forLine('error', line);
    if (batch === undefined) {
      // The line stays in the journal, and so does everything after it, for the next start.
      if (journaled) this.#journalGap = true;
      return;
    }
    if (journaled && !this.#journalGap) this.#journaled++;
    batch.errors.push(line);
  }

  /** Posts what there is. */
  post(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    batch.rows = this.#row - batch.slot * BATCH_ROWS;
    if (batch.rows === 0 && batch.logs.length === 0 && batch.errors.length === 0) return;
    this.#batch = undefined;
    this.#row = 0;
    this.#end = 0;
    this.#values = undefined;
    batch.epochMs = this.#epoch();
    batch.journaled = this.#journaled;
    this.#inflight.push(batch);
    this.#inflightChars += batch.chars;
    const libraries = this.#librariesSent < this.#libraries.length ? this.#libraries.slice() : undefined;
    this.#librariesSent = this.#libraries.length;
    Atomics.store(this.#states, SLOT_STATES + batch.slot, POSTED);
    this.#options.post(batch, this.#dictionary.increment(), libraries);
  }

  /** Takes back the slots that the worker has settled. */
  reap(): void {
    const open: Batch[] = [];
    for (const batch of this.#inflight) {
      if (Atomics.load(this.#states, SLOT_STATES + batch.slot) !== SETTLED) open.push(batch);
      else {
        this.#inflightChars -= batch.chars;
        this.#free.push(batch.slot);
        if (open.length === 0) this.#acknowledge(batch.journaled);
      }
    }
    this.#inflight = open;
  }

  /** Whether everything that was taken is settled. */
  get idle(): boolean {
    this.reap();
    return this.#inflight.length === 0 && (this.#batch === undefined || this.#batch.chars + this.#row - this.#batch.slot * BATCH_ROWS === 0);
  }

  /** What a worker that starts anew has to know, and the batches that the last one left. */
  beginAgain(): { readonly dictionary: DictionaryPart; readonly libraries: readonly Library[]; readonly batches: readonly Batch[] } {
    this.reap();
    for (const batch of this.#inflight) {
      const state = Atomics.exchange(this.#states, SLOT_STATES + batch.slot, POSTED);
      if (state === IN_WORK && ++batch.deaths >= MAX_DEATHS) this.#giveUp(batch, 'rejected');
    }
    this.reap();
    return { dictionary: this.#dictionary.all(), libraries: this.#libraries.slice(0, this.#librariesSent), batches: this.#inflight };
  }

  /** Ends the work: what is under way, and what comes, is counted as come too late. */
  close(): void {
    this.post();
    this.reap();
    for (const batch of this.#inflight) this.#giveUp(batch, 'expired');
    this.#inflight = [];
    this.#free = [];
    this.#closed = true;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
  }

  #giveUp(batch: Batch, reason: 'rejected' | 'expired'): void {
    this.#ledger.drop('span', reason, batch.rows);
    this.#ledger.drop('log', reason, batch.logs.length);
    this.#ledger.drop('error', reason, batch.errors.length);
    Atomics.store(this.#states, SLOT_STATES + batch.slot, SETTLED);
  }

  #refuse(signal: Signal): void {
    this.#ledger.drop(signal, this.#closed ? 'expired' : 'queue_full');
  }

  /** Makes room for a record: the batch that is full goes, another slot begins. */
  #room(): boolean {
    if (this.#batch !== undefined) this.post();
    if (this.#free.length === 0 || this.#inflightChars > INFLIGHT_CHARS) {
      if (this.#refused++ % LOOK_EVERY !== 0) return false;
      this.reap();
      if (this.#inflightChars > INFLIGHT_CHARS) return false;
    }
    const slot = this.#free.pop();
    if (slot === undefined) return false;
    this.#refused = 0;
    this.#batch = { slot, rows: 0, epochMs: 0, side: [], logs: [], severities: [], errors: [], journaled: 0, chars: 0, deaths: 0 };
    this.#row = slot * BATCH_ROWS;
    this.#end = this.#row + BATCH_ROWS;
    return true;
  }

  #forLine(signal: Signal, line: string): Batch | undefined {
    if (line.length > RECORD_CHARS) {
      this.#ledger.drop(signal, 'too_large');
      return undefined;
    }
    const full = this.#batch !== undefined && (this.#batch.chars > BATCH_CHARS || this.#batch.logs.length + this.#batch.errors.length >= BATCH_LINES);
    if ((full || this.#batch === undefined) && !this.#room()) {
      this.#refuse(signal);
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
      if (this.#inflight.length > 0) this.#arm();
    }, LINGER_MS);
  }

  #acknowledge(total: number): void {
    if (total <= this.#acknowledged) return;
    this.#acknowledged = total;
    this.#options.acknowledge?.(total);
  }

  /** Kept while the clocks agree, so that the spans of a trace stay aligned; follows when the wall clock is set. */
  #epoch(): number {
    const epochMs = clock.now() - clock.mono();
    if (Math.abs(epochMs - this.#epochMs) > 2) this.#epochMs = epochMs;
    return this.#epochMs;
  }

  #defName(def: { readonly id: number; readonly name: string }): number {
    const id = def.id;
    if (id >= this.#defNames.length) {
      const larger = new Int32Array(2 ** Math.ceil(Math.log2(id + 1)));
      larger.set(this.#defNames);
      this.#defNames = larger;
    }
    const known = this.#defNames[id] as number;
    if (known !== 0) return known - 1;
    const number = this.#dictionary.numberAlways(def.name);
    this.#defNames[id] = number + 1;
    return number;
  }

  #libraryNumber(library: { readonly name: string; readonly version?: string | undefined }): number {
    const known = this.#libraryNumbers.get(library);
    if (known !== undefined) return known;
    let number = this.#libraries.findIndex((other) => other.name === library.name && other.version === library.version);
    if (number < 0) {
      if (this.#libraries.length > LIBRARY_LIMIT) return 0;
      number = this.#libraries.push({ name: library.name, version: library.version }) - 1;
    }
    if (this.#libraryNumbers.size <= LIBRARY_LIMIT) this.#libraryNumbers.set(library, number);
    return number;
  }

  /** Appends what is no number; the bits that say what there is, or -1 where the record is too large. */
  #appendSide(span: EndedSpan, at: number, rawName: boolean): number {
    const batch = this.#batch as Batch;
    const side = batch.side;
    const begin = side.length;
    let chars = 0;
    let has = 0;
    const values = span.values;
    if (values !== undefined && values !== this.#values) {
      this.#values = values;
      this.#valuesAt = side.length;
      chars += this.#appendAttributes(side, values);
    }
    this.#ints[at + SIDE] = side.length;
    if (rawName) chars += text(side, span.name);
    const traceState = span.trace.traceState;
    if (traceState !== undefined) {
      has |= HAS_TRACE_STATE;
      chars += text(side, traceState);
    }
    if (span.statusMessage !== undefined) {
      has |= HAS_STATUS_MESSAGE;
      chars += text(side, span.statusMessage);
    }
    if (span.attrs !== undefined) {
      has |= HAS_ATTRIBUTES;
      chars += this.#appendAttributes(side, span.attrs);
    }
    if (values !== undefined) {
      has |= HAS_VALUES;
      side.push(this.#valuesAt);
    }
    if (span.events !== undefined) {
      has |= HAS_EVENTS;
      side.push(span.events.length);
      for (const event of span.events) {
        side.push(event.timeMs);
        chars += text(side, event.name) + this.#appendAttributes(side, event.attributes);
      }
    }
    if (span.links !== undefined) {
      has |= HAS_LINKS;
      side.push(span.links.length);
      for (const link of span.links) {
        side.push(link.traceId, link.spanId, link.flags);
        chars += 48 + text(side, link.traceState ?? '') + this.#appendAttributes(side, link.attributes);
      }
    }
    if ((span.droppedAttributes | span.droppedEvents | span.droppedLinks) !== 0) {
      has |= HAS_DROPS;
      side.push(span.droppedAttributes, span.droppedEvents, span.droppedLinks);
    }
    if (chars > RECORD_CHARS) {
      side.length = begin;
      this.#values = undefined;
      return -1;
    }
    batch.chars += chars + (side.length - begin);
    // Enough text: this row is the batch's last.
    if (batch.chars > BATCH_CHARS) this.#end = this.#row + 1;
    return has;
  }

  /** `[count, key, value, ...]`; a key is its number in the dictionary, or itself. Returns the characters of text. */
  #appendAttributes(side: SideEntry[], attributes: Attributes): number {
    const at = side.push(0) - 1;
    let count = 0;
    let chars = 0;
    for (const key in attributes) {
      const value = attributes[key];
      if (value === undefined || value === null) continue;
      const number = this.#dictionary.number(key);
      if (number < 0) chars += text(side, key);
      else side.push(number);
      if (typeof value === 'string') chars += text(side, value);
      else if (typeof value === 'number' || typeof value === 'boolean') side.push(value);
      else chars += appendRare(side, value);
      count++;
    }
    side[at] = count;
    return chars;
  }
}

function text(side: SideEntry[], value: string): number {
  side.push(value);
  return value.length;
}

/** A list is copied, because its owner may change it; anything else that should not be here becomes text. */
function appendRare(side: SideEntry[], value: AttributeValue): number {
  if (!Array.isArray(value)) return text(side, String(value));
  let chars = 0;
  const copy = (value as readonly unknown[]).map((item) => {
    if (item === undefined || item === null) return null;
    if (typeof item === 'number' || typeof item === 'boolean') return item;
    const itemText = String(item);
    chars += itemText.length;
    return itemText;
  });
  side.push(copy);
  return chars;
}
