const EPSILON = 1e-9; // tokens: what sums of fractions are off by
const SAME_MS = 1e-6; // Go counts in whole nanoseconds

/** So many tokens in so long, and how many may be kept. */
export interface BucketShape {
  /** Tokens that come in each `perMs`; `Infinity` lets everything pass, whatever the burst is. */
  readonly rate: number;
  readonly perMs: number;
  /** Tokens that it holds, and begins with. */
  readonly burst: number;
}

/**
 * A token bucket with the rules of Go's `golang.org/x/time/rate`: tokens may be taken that are still to come, which makes later
 * calls wait longer. All times are monotonic milliseconds.
 */
export class TokenBucket {
  readonly shape: BucketShape;
  #tokens: number;
  /** When `tokens` was so many. */
  #lastMs = 0;
  /** When the last of what was granted may act: it can lie ahead. */
  #lastActMs = 0;

  constructor(shape: BucketShape) {
    this.shape = shape;
    this.#tokens = shape.burst;
  }

  /** Tokens at a moment: below 0 by what was promised, `Infinity` at an infinite rate. */
  tokensAt(nowMs: number): number {
    const { rate, perMs, burst } = this.shape;
    if (rate === Number.POSITIVE_INFINITY) return rate;
    const passedMs = nowMs > this.#lastMs ? nowMs - this.#lastMs : 0;
    return Math.min(burst, this.#tokens + (passedMs * rate) / perMs); // multiplied first: whole numbers then stay whole
  }

  /** How long `n` tokens take to come, in milliseconds; `Infinity` where they never do. */
  delayMs(nowMs: number, n: number): number {
    const { rate, perMs, burst } = this.shape;
    if (rate === Number.POSITIVE_INFINITY) return 0;
    if (n > burst) return Number.POSITIVE_INFINITY;
    const missing = n - this.tokensAt(nowMs);
    return missing <= EPSILON ? 0 : (missing * perMs) / rate;
  }

  /** Takes `n` tokens, which come `delayMs` from now; the moment at which they may be used. */
  take(nowMs: number, n: number, delayMs: number): number {
    if (this.shape.rate === Number.POSITIVE_INFINITY) return nowMs;
    this.#tokens = this.tokensAt(nowMs) - n;
    this.#lastMs = nowMs;
    this.#lastActMs = nowMs + delayMs;
    return this.#lastActMs;
  }

  /**
   * Gives back what was taken to be used at `actMs` and will not be, as far as nobody was made to wait longer for it
   * meanwhile: those keep their times.
   */
  giveBack(nowMs: number, n: number, actMs: number): void {
    const { rate, perMs, burst } = this.shape;
    if (rate === Number.POSITIVE_INFINITY) return;
    const restored = n - ((this.#lastActMs - actMs) * rate) / perMs;
    if (restored <= 0) return;
    this.#tokens = Math.min(burst, this.tokensAt(nowMs) + restored);
    this.#lastMs = nowMs;
    if (rate === 0 || Math.abs(actMs - this.#lastActMs) > SAME_MS) return;
    const formerActMs = actMs - (n * perMs) / rate;
    if (formerActMs >= nowMs - SAME_MS) this.#lastActMs = formerActMs;
  }
}
