import type { FunctionDef } from '../../core/function-def.ts';

const WARM_UP = 200; // calls before an estimate of the slowest hundredth means anything
const FACTOR = 3; // over the slowest hundredth: a rare call, not one in a hundred
const FLOOR_MS = 5; // below that, a pause of the garbage collector looks like a slow call

/**
 * Tells which calls are slow for their function. Without an objective the slowest hundredth is estimated by one number
 * a function that each call moves a little (Ma, Muthukrishnan, Sandler: Frugal Streaming for Estimating Quantiles, 2013).
 */
export class SlowCalls {
  #estimates = new Float64Array(64);
  #counts = new Uint32Array(64);

  isSlow(def: FunctionDef, ms: number): boolean {
    const objectiveMs = def.slo?.latencyMs;
    if (objectiveMs !== undefined) return ms > objectiveMs;
    const { id } = def;
    if (id >= this.#counts.length) this.#grow(id);
    const estimate = this.#estimates[id] as number;
    const count = (this.#counts[id] as number) + 1;
    if (count <= WARM_UP) this.#counts[id] = count;
    // Steps in proportion to the estimate: 99 small ones down for each large one up keep it at the slowest hundredth.
    if (ms > estimate) this.#estimates[id] = estimate === 0 ? ms : Math.min(ms, estimate * 1.1);
    else this.#estimates[id] = estimate * 0.999;
    return count > WARM_UP && ms > FLOOR_MS && ms > estimate * FACTOR;
  }

  #grow(id: number): void {
    const size = Math.max(id + 1, this.#counts.length * 2);
    const estimates = new Float64Array(size);
    const counts = new Uint32Array(size);
    estimates.set(this.#estimates);
    counts.set(this.#counts);
    this.#estimates = estimates;
    this.#counts = counts;
  }
}
