import type { CircuitState, IBreaker } from 'cockatiel';
import { cockatiel } from './cockatiel.ts';
import { RateWindow, type WindowCounts } from './rate-window.ts';

/** A rule of when a breaker opens. */
export interface TripRule {
  /** Takes one call; answers whether the breaker has to open now. */
  add(bad: boolean): boolean;
  counts(): WindowCounts;
  /** The share of bad calls, 0 to 1; `undefined` while too few were made to say. */
  rate(): number | undefined;
}

/** What a rate is taken of: the last so many calls, or those of the last so many milliseconds. */
export type Window = { readonly calls: number } | { readonly ms: number };

// cockatiel opens above its threshold; "at least" is the field's meaning, and a share of all calls has to be possible.
const HAIR = 1e-9;

/** Opens when at least the share `rate` of a window was bad, and it holds at least `minimumCalls`. */
export class RateRule implements TripRule {
  readonly #breaker: IBreaker;
  readonly #closed: CircuitState;
  readonly #threshold: number;
  readonly #minimumCalls: number;
  #wasBad = false;

  constructor(window: Window, rate: number, minimumCalls: number) {
    const { CircuitState, CountBreaker } = cockatiel();
    const threshold = rate - HAIR;
    this.#breaker =
      'ms' in window
        ? new RateWindow({ threshold, windowMs: window.ms, minimumCalls })
        : new CountBreaker({ threshold, size: window.calls, minimumNumberOfCalls: minimumCalls });
    this.#closed = CircuitState.Closed;
    this.#threshold = threshold;
    this.#minimumCalls = minimumCalls;
  }

  add(bad: boolean): boolean {
    if (bad) {
      this.#wasBad = true;
      return this.#breaker.failure(this.#closed);
    }
    this.#breaker.success(this.#closed);
    // A good call may be the one that makes them enough to say.
    return this.#wasBad && (this.rate() ?? 0) > this.#threshold;
  }

  counts(): WindowCounts {
    return this.#breaker.state as WindowCounts;
  }

  rate(): number | undefined {
    const { successes, failures } = this.counts();
    const calls = successes + failures;
    return calls < this.#minimumCalls ? undefined : failures / calls;
  }
}

/** Opens when so many calls in a row were bad. */
export class RunRule implements TripRule {
  readonly #breaker: IBreaker;
  readonly #closed: CircuitState;

  constructor(calls: number) {
    const { CircuitState, ConsecutiveBreaker } = cockatiel();
    this.#breaker = new ConsecutiveBreaker(calls);
    this.#closed = CircuitState.Closed;
  }

  add(bad: boolean): boolean {
    if (bad) return this.#breaker.failure(this.#closed);
    this.#breaker.success(this.#closed);
    return false;
  }

  counts(): WindowCounts {
    return { successes: 0, failures: this.#breaker.state as number };
  }

  rate(): undefined {}
}
