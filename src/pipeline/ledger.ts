import { DROP_REASONS, type DropReason, type LedgerReport, SIGNALS, type Signal, type SignalLedger } from '../core/records.ts';

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
const BUSY = SIGNALS.length * CELLS;

/**
 * The ledger's two halves. The app thread counts what is produced and what it drops in plain cells; the worker counts
 * what became of the rest in shared memory. Each cell has one writer (the worker that died is followed by one that goes
 * on where it stopped), so that plain reads and writes suffice and the app thread can read at any time, without asking.
 */
export function ledgerMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((SIGNALS.length * CELLS + OVERHEAD_CELLS) * Float64Array.BYTES_PER_ELEMENT);
}

const REASON_INDEX: Readonly<Record<DropReason, number>> = Object.fromEntries(DROP_REASONS.map((reason, i) => [reason, i])) as Record<DropReason, number>;
const SIGNAL_INDEX: Readonly<Record<Signal, number>> = Object.fromEntries(SIGNALS.map((signal, i) => [signal, i])) as Record<Signal, number>;

/** The worker's half. */
export class WorkerLedger {
  readonly #cells: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Float64Array(memory);
  }

  add(signal: Signal, tally: Tally): void {
    const cells = this.#cells;
    const base = SIGNAL_INDEX[signal] * CELLS;
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
  readonly #own = new Float64Array(SIGNALS.length * CELLS);
  /** Produced, by index of {@link SIGNALS}: the hot path bumps a cell and calls nothing. */
  readonly produced: Float64Array = new Float64Array(SIGNALS.length);

  constructor(memory: SharedArrayBuffer) {
    this.#shared = new Float64Array(memory);
  }

  /** Counts records that the app thread itself gave up. */
  drop(signal: Signal, reason: DropReason, count = 1): void {
    this.#own[SIGNAL_INDEX[signal] * CELLS + DROPPED + REASON_INDEX[reason]]! += count;
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
    const cell = (i: number): number => (this.#shared[index * CELLS + i] as number) + (this.#own[index * CELLS + i] as number);
    const stored = cell(STORED);
    const sent = cell(SENT);
    const spooled = cell(SPOOLED);
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
}
