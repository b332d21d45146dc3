import { type DropReason, SIGNALS, type Signal } from '../../core/records.ts';
import type { Tally, WorkerLedger } from '../ledger.ts';
import { SETTLED, SLOT_STATES } from '../messages.ts';
import type { Part } from '../sinks/sink.ts';

interface Outcome {
  left: number;
  stored: number;
  sent: number;
  spooled: number;
  readonly dropped: Partial<Record<DropReason, number>>;
}

/**
 * Gathers what becomes of a batch's records and publishes it in one step, together with the slot: a worker that dies
 * before has published nothing, and the batch is given to the next one.
 */
export class Settlement {
  readonly #slot: number;
  readonly #states: Int32Array;
  readonly #ledger: WorkerLedger;
  readonly #outcomes = new Map<Signal, Outcome>();
  #open = 0;
  #sealed = false;

  constructor(slot: number, states: Int32Array, ledger: WorkerLedger) {
    this.#slot = slot;
    this.#states = states;
    this.#ledger = ledger;
  }

  part(signal: Signal, count: number): Part {
    this.#open += count;
    const outcome: Outcome = { left: count, stored: 0, sent: 0, spooled: 0, dropped: {} };
    this.#outcomes.set(signal, outcome);
    return {
      signal,
      get left() {
        return outcome.left;
      },
      settle: (tally) => this.#settle(outcome, tally),
    };
  }

  /** All parts are made. */
  seal(): void {
    this.#sealed = true;
    if (this.#open === 0) this.#publish();
  }

  #settle(outcome: Outcome, tally: Tally): void {
    outcome.stored += tally.stored ?? 0;
    outcome.sent += tally.sent ?? 0;
    outcome.spooled += tally.spooled ?? 0;
    let count = (tally.stored ?? 0) + (tally.sent ?? 0) + (tally.spooled ?? 0);
    for (const [reason, dropped] of Object.entries(tally.dropped ?? {}) as [DropReason, number][]) {
      outcome.dropped[reason] = (outcome.dropped[reason] ?? 0) + dropped;
      count += dropped;
    }
    outcome.left -= count;
    this.#open -= count;
    if (this.#open <= 0 && this.#sealed) this.#publish();
  }

  #publish(): void {
    for (const signal of SIGNALS) {
      const outcome = this.#outcomes.get(signal);
      if (outcome) this.#ledger.add(signal, outcome);
    }
    Atomics.store(this.#states, SLOT_STATES + this.#slot, SETTLED);
  }
}
