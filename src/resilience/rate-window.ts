import type { IBreaker } from 'cockatiel';
import { clock } from '../core/clock.ts';

const SLOTS = 10; // the window's length is exact to a tenth

/** What a window holds. */
export interface WindowCounts {
  readonly successes: number;
  readonly failures: number;
}

/**
 * A rule for cockatiel: opens when of the calls within the last `windowMs` at least the share `threshold` failed, and there
 * were at least `minimumCalls`. Its memory is the same for any number of calls; what is too old is gone also where no call comes.
 */
export class RateWindow implements IBreaker {
  readonly #threshold: number;
  readonly #minimumCalls: number;
  readonly #slotMs: number;
  readonly #successes = new Float64Array(SLOTS);
  readonly #failures = new Float64Array(SLOTS);
  #slot: number; // counted from the clock's zero, so that a pause of any length is a difference
  #allSuccesses = 0;
  #allFailures = 0;

  constructor(options: { readonly threshold: number; readonly windowMs: number; readonly minimumCalls: number }) {
    this.#threshold = options.threshold;
    this.#minimumCalls = options.minimumCalls;
    this.#slotMs = options.windowMs / SLOTS;
    this.#slot = Math.floor(clock.mono() / this.#slotMs);
  }

  get state(): WindowCounts {
    this.#now();
    return { successes: this.#allSuccesses, failures: this.#allFailures };
  }

  success(): void {
    const place = this.#now();
    this.#successes[place] = (this.#successes[place] ?? 0) + 1;
    this.#allSuccesses++;
  }

  failure(): boolean {
    const place = this.#now();
    this.#failures[place] = (this.#failures[place] ?? 0) + 1;
    this.#allFailures++;
    const calls = this.#allSuccesses + this.#allFailures;
    return calls >= this.#minimumCalls && this.#allFailures > this.#threshold * calls;
  }

  /** Where the present is counted; what has become too old is taken out on the way. */
  #now(): number {
    const slot = Math.floor(clock.mono() / this.#slotMs);
    const passed = Math.min(slot - this.#slot, SLOTS);
    for (let i = 1; i <= passed; i++) {
      const old = (this.#slot + i) % SLOTS;
      this.#allSuccesses -= this.#successes[old] ?? 0;
      this.#allFailures -= this.#failures[old] ?? 0;
      this.#successes[old] = 0;
      this.#failures[old] = 0;
    }
    if (passed > 0) this.#slot = slot;
    return this.#slot % SLOTS;
  }
}
