import { type BucketShape, TokenBucket } from './token-bucket.ts';
import { WaitQueue } from './wait-queue.ts';

/** What all tiers granted. */
export interface Grant {
  /** When it may act, in monotonic milliseconds. */
  readonly actMs: number;
  /** When each tier alone would let it act. */
  readonly acts: readonly number[];
}

/**
 * Buckets of which all must allow a call, and the line of those who wait for them. They are all looked at before the first
 * one gives anything, so that nothing is taken for a call that another one refuses.
 */
export class RateTiers {
  readonly #buckets: readonly TokenBucket[];
  #line: WaitQueue | undefined;

  constructor(shapes: readonly BucketShape[]) {
    this.#buckets = shapes.map((shape) => new TokenBucket(shape));
  }

  /** Tokens of the tier that has fewest; below 0 by what was promised. */
  tokensAt(nowMs: number): number {
    let fewest = Number.POSITIVE_INFINITY;
    for (const bucket of this.#buckets) fewest = Math.min(fewest, bucket.tokensAt(nowMs));
    return fewest;
  }

  get waiting(): number {
    return this.#line?.size ?? 0;
  }

  /** When the last of those who wait may act, in monotonic milliseconds; `-Infinity` where nobody does. */
  get lastActMs(): number {
    return this.#line?.lastDueMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Whoever was granted something waits here until it may act; first come, first served. */
  get line(): WaitQueue {
    this.#line ??= new WaitQueue(true);
    return this.#line;
  }

  /** Takes `n` tokens where all tiers have them now. */
  allow(nowMs: number, n: number): boolean {
    for (const bucket of this.#buckets) if (bucket.delayMs(nowMs, n) > 0) return false;
    for (const bucket of this.#buckets) bucket.take(nowMs, n, 0);
    return true;
  }

  /** The tier that makes `n` tokens wait longest, and how long; `Infinity` where it never lets them pass. */
  slowest(nowMs: number, n: number): { readonly shape: BucketShape; readonly delayMs: number } {
    let shape = this.#buckets[0]?.shape as BucketShape;
    let delayMs = 0;
    for (const bucket of this.#buckets) {
      const own = bucket.delayMs(nowMs, n);
      if (own <= delayMs) continue;
      delayMs = own;
      shape = bucket.shape;
    }
    return { shape, delayMs };
  }

  /** Takes `n` tokens of all tiers, which have to have them at some time. Nobody acts before those who wait already. */
  reserve(nowMs: number, n: number): Grant {
    const acts = this.#buckets.map((bucket) => bucket.take(nowMs, n, bucket.delayMs(nowMs, n)));
    return { acts, actMs: Math.max(this.lastActMs, ...acts) };
  }

  /** Gives back what was reserved and will not be used, each tier as {@link TokenBucket.giveBack} says. */
  giveBack(nowMs: number, n: number, { acts }: Grant): void {
    for (const [i, bucket] of this.#buckets.entries()) bucket.giveBack(nowMs, n, acts[i] as number);
  }
}
