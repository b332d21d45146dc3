const AT_ONCE = 10; // extra calls after a quiet time: gRPC's example of a retry throttle holds as many
const UNIT = 1_000; // whole numbers: ten times 0.1 is less than 1

/** How many extra calls there may be: each call adds a part of one, up to a bound. */
export class HedgeBudget {
  readonly #perCall: number;
  #left = AT_ONCE * UNIT;

  constructor(share: number) {
    this.#perCall = Math.round(share * UNIT);
  }

  called(): void {
    this.#left = Math.min(AT_ONCE * UNIT, this.#left + this.#perCall);
  }

  take(): boolean {
    if (this.#left < UNIT) return false;
    this.#left -= UNIT;
    return true;
  }
}
