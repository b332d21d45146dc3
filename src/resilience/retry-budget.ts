import { clock } from '../core/clock.ts';

/** How much may be retried. */
export interface RetryBudgetOptions {
  /** Tokens when full: each failed attempt takes one, and at half of them nothing is retried; 2 to 1,000, default 100. */
  readonly tokens?: number;
  /** What each success gives back, over 0 to 1; default 0.1: when all is well again, a retry for every ten calls. */
  readonly ratio?: number;
}

const REFILL_MS = 60_000; // of all tokens: without it a service with few calls would be without retries for hours after an outage

/**
 * Keeps retries from making an outage worse: gRPC's retry throttling, which besides fills itself within a minute.
 */
export class RetryBudget {
  readonly #max: number;
  readonly #ratio: number;
  #tokens: number;
  #filledMono = clock.mono();

  constructor(tokens: number, ratio: number) {
    this.#max = tokens;
    this.#ratio = ratio;
    this.#tokens = tokens;
  }

  succeeded(): void {
    if (this.#tokens < this.#max) this.#tokens = Math.min(this.#max, this.#tokens + this.#ratio);
  }

  /** Notes a failed attempt; answers whether it may be retried. */
  failed(): boolean {
    const nowMono = clock.mono();
    this.#tokens = Math.min(this.#max, this.#tokens + (this.#max * (nowMono - this.#filledMono)) / REFILL_MS);
    this.#filledMono = nowMono;
    this.#tokens = Math.max(0, this.#tokens - 1);
    return this.#tokens > this.#max / 2;
  }
}

/** Reads the options; `undefined` where there is no budget. Throws what `refuse` makes of a problem. */
export function readBudget(options: RetryBudgetOptions | false | undefined, refuse: (problem: string) => TypeError): (() => RetryBudget) | undefined {
  if (options === false) return undefined;
  if (options !== undefined && (typeof options !== 'object' || options === null))
    throw refuse(`option "budget" is ${String(options)}, expected false or { tokens, ratio }`);
  const { tokens = 100, ratio = 0.1, ...others } = options ?? {};
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refuse(`unknown option "budget.${unknown.slice(0, 100)}", expected some of tokens, ratio`);
  const outOfRange = (problem: string): RangeError => new RangeError(refuse(problem).message);
  if (typeof tokens !== 'number' || !(tokens >= 2 && tokens <= 1_000))
    throw outOfRange(`option "budget.tokens" is ${String(tokens)}, expected a number from 2 to 1000`);
  if (typeof ratio !== 'number' || !(ratio > 0 && ratio <= 1))
    throw outOfRange(`option "budget.ratio" is ${String(ratio)}, expected a number over 0 and up to 1`);
  return () => new RetryBudget(tokens, ratio);
}
