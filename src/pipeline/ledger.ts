import { DROP_REASONS, type DropReason, type LedgerReport, SIGNALS, type Signal, type SignalLedger } from '../core/records.ts';
import { SLOTS } from './rows.ts';

/** What became of the records of a batch, or of a part of one. */
export interface Tally {
  readonly stored?: number;
  readonly sent?: number;
  /** May be negative: what left the spool again. */
  readonly spooled?: number;
  /** Records of an earlier process that this one took over; they count as produced here. */
  readonly inherited?: number;
  readonly dropped?: Readonly<Partial<Record<DropReason, number>>>;
}

/** How many records a tally tells of. */
export function countOf(tally: Tally): number {
  let count = (tally.stored ?? 0) + (tally.sent ?? 0) + (tally.spooled ?? 0);
  for (const dropped of Object.values(tally.dropped ?? {})) count += dropped;
  return count;
}

// Cells of one signal in the shared array: stored, sent, spooled, inherited, then one for each reason.
const STORED = 0;
const SENT = 1;
const SPOOLED = 2;
const INHERITED = 3;
const DROPPED = 4;
const CELLS = DROPPED + DROP_REASONS.length;
const OVERHEAD_CELLS = 2; // worker: busy seconds, CPU seconds
const BATCH_CELLS = SIGNALS.length * CELLS;
const BUSY = BATCH_CELLS;
const FIRST_SLOT = BUSY + OVERHEAD_CELLS;

/**
 * The ledger's two halves. The app thread counts what is produced and what it drops in plain cells; the worker counts
 * what became of the rest in shared memory. Each cell has one writer (the worker that died is followed by one that goes
 * on where it stopped), so that plain reads and writes suffice and the app thread can read at any time, without asking.
 *
 * What becomes of a batch is written in cells of its slot, and added up by the app thread when the slot is settled: a
 * worker that dies in between has counted nothing, and a batch that the app thread gave up is not counted twice.
 */
export function ledgerMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((FIRST_SLOT + SLOTS * BATCH_CELLS) * Float64Array.BYTES_PER_ELEMENT);
}

const REASON_INDEX: Readonly<Record<DropReason, number>> = Object.fromEntries(DROP_REASONS.map((reason, i) => [reason, i])) as Record<DropReason, number>;
const SIGNAL_INDEX: Readonly<Record<Signal, number>> = Object.fromEntries(SIGNALS.map((signal, i) => [signal, i])) as Record<Signal, number>;

/** The worker's half. */
export class WorkerLedger {
  readonly #cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
  }

  /** Counts what is in no batch: records that leave the spool, or that an earlier process left. */
  add(signal: Signal, tally: Tally): void {
    this.#add(SIGNAL_INDEX[signal] * CELLS, tally);
  }

  /** Nothing has become of the batch in `slot` so far. */
  beginSlot(slot: number): void {
    const first = FIRST_SLOT + slot * BATCH_CELLS;
    this.#cells.fill(0, first, first + BATCH_CELLS);
  }

  /** Counts what became of records of the batch in `slot`. */
  addToSlot(slot: number, signal: Signal, tally: Tally): void {
    this.#add(FIRST_SLOT + slot * BATCH_CELLS + SIGNAL_INDEX[signal] * CELLS, tally);
  }

  #add(base: number, tally: Tally): void {
    const cells = this.#cells;
    cells[base + STORED]! += tally.stored ?? 0;
    cells[base + SENT]! += tally.sent ?? 0;
    cells[base + SPOOLED]! += tally.spooled ?? 0;
    cells[base + INHERITED]! += tally.inherited ?? 0;
    if (!tally.dropped) return;
    for (const reason of DROP_REASONS) cells[base + DROPPED + REASON_INDEX[reason]]! += tally.dropped[reason] ?? 0;
  }

  /** Seconds the worker was busy, and its CPU seconds where the platform tells them. */
  addOverhead(busySeconds: number, cpuSeconds: number): void {
    this.#cells[BUSY]! += busySeconds;
    this.#cells[BUSY + 1]! += cpuSeconds;
  }
}

/** The app thread's half, and the report over both. */
export class Ledger {
  readonly #shared: Float64Array;
  readonly #own = new Float64Array(BATCH_CELLS);
  /** Produced, by index of {@link SIGNALS}: the hot path bumps a cell and calls nothing. */
  readonly produced: Float64Array = new Float64Array(SIGNALS.length);
  /** Error records that only the journal has, which the next start takes over: they count as spooled. */
  #journaled = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#shared = new Float64Array(memory);
  }

  /** Counts records that the app thread itself gave up. */
  drop(signal: Signal, reason: DropReason, count = 1): void {
    this.#own[SIGNAL_INDEX[signal] * CELLS + DROPPED + REASON_INDEX[reason]]! += count;
  }

  /** Counts error records that were given up here and stay in the journal. */
  leaveInJournal(count: number): void {
    this.#journaled += count;
  }

  /** Adds what became of the batch in `slot`, which is settled. */
  absorb(slot: number): void {
    const first = FIRST_SLOT + slot * BATCH_CELLS;
    for (let i = 0; i < BATCH_CELLS; i++) this.#own[i]! += this.#shared[first + i] as number;
  }

  /** What a worker that starts finds counted as spooled; below zero where what left the spool was in a batch that comes again. */
  spooled(): Record<Signal, number> {
    const counts = {} as Record<Signal, number>;
    for (const signal of SIGNALS) counts[signal] = this.#cell(SIGNAL_INDEX[signal], SPOOLED);
    return counts;
  }

  /** Seconds the worker was busy. */
  get workerBusySeconds(): number {
    return this.#shared[BUSY] ?? 0;
  }

  report(): LedgerReport {
    const report = {} as Record<Signal, SignalLedger>;
    for (const signal of SIGNALS) report[signal] = this.#signal(SIGNAL_INDEX[signal]);
    return report;
  }

  #signal(index: number): SignalLedger {
    const cell = (i: number): number => this.#cell(index, i);
    const stored = cell(STORED);
    const sent = cell(SENT);
    // Below zero while records have left the spool again before the rest of their batch is settled.
    const spooled = Math.max(0, cell(SPOOLED)) + (index === SIGNAL_INDEX.error ? this.#journaled : 0);
    const dropped = {} as Record<DropReason, number>;
    let settled = stored + sent + spooled;
    for (const reason of DROP_REASONS) {
      const count = cell(DROPPED + REASON_INDEX[reason]);
      dropped[reason] = count;
      settled += count;
    }
    const produced = (this.produced[index] as number) + cell(INHERITED);
    return { produced, stored, sent, spooled, pending: produced - settled, dropped };
  }

  #cell(index: number, i: number): number {
    return (this.#shared[index * CELLS + i] as number) + (this.#own[index * CELLS + i] as number);
  }
}
