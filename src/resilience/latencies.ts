const KEPT = 256; // calls: enough for a p99 of two and a half samples, and minutes old at most where it matters
const READ_EVERY = 32; // samples between two looks at the order: sorting takes 5 µs
const FEWEST = 20; // one slow call in twenty is what a p95 tells apart

/** How long the last calls took, in milliseconds. */
export class Latencies {
  readonly #ring = new Float64Array(KEPT);
  #count = 0;
  #sorted: Float64Array | undefined;
  #readAt = 0;

  add(ms: number): void {
    this.#ring[this.#count % KEPT] = ms;
    this.#count++;
  }

  /** What `share` of the calls did not exceed, such as 0.95; `undefined` while there were too few of them. */
  quantile(share: number): number | undefined {
    if (this.#count < Math.max(FEWEST, Math.ceil(1 / (1 - share) - 1e-9))) return undefined;
    if (this.#sorted === undefined || this.#count - this.#readAt >= READ_EVERY) {
      this.#sorted = this.#ring.slice(0, Math.min(this.#count, KEPT)).sort();
      this.#readAt = this.#count;
    }
    return this.#sorted[Math.min(this.#sorted.length, Math.ceil(this.#sorted.length * share)) - 1];
  }
}
