import type { Signal } from '../../core/records.ts';
import { countOf, type Tally, type WorkerLedger } from '../ledger.ts';
import { IN_WORK, POSTED, SETTLED, SLOT_STATES } from '../messages.ts';
import type { Part } from '../sinks/sink.ts';

/**
 * Gathers what becomes of a batch's records in the cells of its slot and publishes them in one step, with the slot's state:
 * a worker that dies before has published nothing, and the batch is given to the next one.
 */
export class Settlement {
  readonly #slot: number;
  readonly #states: Int32Array;
  readonly #ledger: WorkerLedger;
  #open = 0;
  #sealed = false;

  constructor(slot: number, states: Int32Array, ledger: WorkerLedger) {
    this.#slot = slot;
    this.#states = states;
    this.#ledger = ledger;
    ledger.beginSlot(slot);
  }

  part(signal: Signal, count: number): Part {
    this.#open += count;
    let left = count;
    return {
      signal,
      get left() {
        return left;
      },
      settle: (tally) => {
        left -= countOf(tally);
        this.#settle(signal, tally);
      },
    };
  }

  /** All parts are made. */
  seal(): void {
    this.#sealed = true;
    if (this.#open === 0) this.#publish();
  }

  #settle(signal: Signal, tally: Tally): void {
    this.#ledger.addToSlot(this.#slot, signal, tally);
    this.#open -= countOf(tally);
    if (this.#open <= 0 && this.#sealed) this.#publish();
  }

  /** Unless the app thread has given the batch up, and counted it, meanwhile. */
  #publish(): void {
    const index = SLOT_STATES + this.#slot;
    const state = Atomics.load(this.#states, index);
    if (state === POSTED || state === IN_WORK) Atomics.compareExchange(this.#states, index, state, SETTLED);
  }
}
