import { countPoints, type MetricSnapshot } from '../core/metric-data.ts';
import type { Signal } from '../core/records.ts';
import type { Ledger } from './ledger.ts';
import { GIVEN_UP, IN_WORK, POSTED, SETTLED, SLOT_STATES } from './messages.ts';
import { type Beside, SLOTS } from './rows.ts';

/** Lines and long texts of all batches under way: with the copies that the worker has, 64 MiB at most. */
const INFLIGHT_CHARS = 16 * 1_048_576;
/**
 * Slots that are kept free: a flood of spans must leave room for log lines, and these for error records, which are the
 * last that may be lost and come in small numbers.
 */
const KEPT_FREE = { span: 8, log: 4, metric: 4, error: 0 } as const;
/** A batch on which this many workers died is the cause. */
const MAX_DEATHS = 3;

/** A batch as the app thread keeps it until the worker has settled it. */
export interface Batch {
  readonly slot: number;
  rows: number;
  epochMs: number;
  /** Long texts and lists, which the side bytes name by number. */
  readonly beside: Beside[];
  readonly logs: string[];
  readonly severities: number[];
  readonly errors: string[];
  readonly metrics: MetricSnapshot[];
  /** Journal lines handed over up to the end of this batch. */
  journaled: number;
  /** Of its errors, those that are in the journal. */
  onDisk: number;
  chars: number;
  /** What its first row took. */
  rowMs: number;
  /** Workers that died while they took it apart. */
  deaths: number;
}

/** The batches under way, each in its slot of the shared memory, oldest first. */
export class Inflight {
  readonly #states: Int32Array;
  readonly #ledger: Ledger;
  #free: number[] = [];
  #batches: Batch[] = [];
  #chars = 0;
  #journaled = 0;
  /** A batch was given up whose errors are in the journal: they stay there, and with them all that follow. */
  #journalGap = false;
  /** Spans under way. */
  rows = 0;

  constructor(states: Int32Array, ledger: Ledger) {
    this.#states = states;
    this.#ledger = ledger;
    // The slot that was freed last is used next: a program with little to say touches little memory.
    for (let slot = SLOTS - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  get empty(): boolean {
    return this.#batches.length === 0;
  }

  /** Whether a batch may be begun for a record of `signal`. */
  hasRoom(signal: Signal): boolean {
    const kept = KEPT_FREE[signal];
    return this.#free.length > kept && (this.#chars <= INFLIGHT_CHARS || (kept === 0 && this.#chars <= 2 * INFLIGHT_CHARS));
  }

  /** A free slot; there must be one. */
  takeSlot(): number {
    return this.#free.pop() as number;
  }

  add(batch: Batch): void {
    this.#batches.push(batch);
    this.#chars += batch.chars;
    this.rows += batch.rows;
    Atomics.store(this.#states, SLOT_STATES + batch.slot, POSTED);
  }

  /** Forgets what the worker has settled. Answers up to which journal line everything is settled. */
  reap(): number {
    const open: Batch[] = [];
    for (const batch of this.#batches) {
      const state = Atomics.load(this.#states, SLOT_STATES + batch.slot);
      if (state !== SETTLED && state !== GIVEN_UP) open.push(batch);
      else {
        if (state === SETTLED) this.#ledger.absorb(batch.slot);
        this.#chars -= batch.chars;
        this.rows -= batch.rows;
        this.#free.push(batch.slot);
        if (state === GIVEN_UP && batch.onDisk > 0) this.#journalGap = true;
        if (open.length === 0 && !this.#journalGap) this.#journaled = batch.journaled;
      }
    }
    this.#batches = open;
    return this.#journaled;
  }

  /** The batches that a worker which starts anew has to be given. */
  beginAgain(): readonly Batch[] {
    this.reap();
    for (const batch of this.#batches) {
      const state = Atomics.exchange(this.#states, SLOT_STATES + batch.slot, POSTED);
      if (state === IN_WORK && ++batch.deaths >= MAX_DEATHS) this.#giveUp(batch, 'rejected');
    }
    this.reap();
    return this.#batches;
  }

  /** Counts what is under way as come too late; nothing has room any more. */
  close(): void {
    this.reap();
    for (const batch of this.#batches) this.#giveUp(batch, 'expired');
    this.#batches = []; // and not as reaped: error records among them stay in the journal
    this.#free = [];
  }

  #giveUp(batch: Batch, reason: 'rejected' | 'expired'): void {
    const state = Atomics.exchange(this.#states, SLOT_STATES + batch.slot, GIVEN_UP);
    if (state === SETTLED) return this.#ledger.absorb(batch.slot); // at the last moment
    this.#ledger.drop('span', reason, batch.rows);
    this.#ledger.drop('log', reason, batch.logs.length);
    this.#ledger.leaveInJournal(batch.onDisk);
    this.#ledger.drop('error', reason, batch.errors.length - batch.onDisk);
    this.#ledger.drop('metric', reason, countPoints(batch.metrics));
  }
}
