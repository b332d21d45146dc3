import { warn } from '../core/diag.ts';
import { currentScope, type Scope } from '../core/scope.ts';
import { type Exemplar, exemplarOf, exemplarTurn } from './exemplars.ts';

/** What every series has: its labels as text, ready for a page. */
interface Series {
  /** `plan="pro"`, without braces; empty for a metric without labels. */
  readonly pairs: string;
  readonly values: readonly string[];
}

/** A counter with its labels bound. */
export class CounterCell implements Series {
  readonly pairs: string;
  readonly values: readonly string[];
  value = 0;
  exemplar: Exemplar | undefined = undefined;

  constructor(pairs: string, values: readonly string[]) {
    this.pairs = pairs;
    this.values = values;
  }

  /** Adds `by` (1). What is negative or no number is refused and said once: a counter only grows. */
  inc(by = 1): void {
    if (by >= 0 && by < Number.POSITIVE_INFINITY) this.value += by;
    else warn('metric-value', `a counter was given ${String(by)}; it takes numbers from 0, the value was left out`);
  }
}

/** A gauge with its labels bound. */
export class GaugeCell implements Series {
  readonly pairs: string;
  readonly values: readonly string[];
  value = 0;

  constructor(pairs: string, values: readonly string[]) {
    this.pairs = pairs;
    this.values = values;
  }

  set(value: number): void {
    if (typeof value === 'number') this.value = value;
    else warn('metric-value', `a gauge was given ${String(value)}; it takes numbers, the value was left out`);
  }

  inc(by = 1): void {
    this.set(this.value + by);
  }

  dec(by = 1): void {
    this.set(this.value - by);
  }
}

/** A histogram with its labels bound. */
export class HistogramCell implements Series {
  readonly pairs: string;
  readonly values: readonly string[];
  /** Upper bounds, ascending; the last bucket (`+Inf`) has none. */
  readonly bounds: Float64Array;
  /** Calls of each bucket alone, not summed up. */
  readonly counts: Float64Array;
  sum = 0;
  readonly exemplars: (Exemplar | undefined)[];
  readonly #turns: Float64Array;

  constructor(pairs: string, values: readonly string[], bounds: Float64Array) {
    this.pairs = pairs;
    this.values = values;
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
    this.exemplars = new Array<Exemplar | undefined>(bounds.length + 1).fill(undefined);
    this.#turns = new Float64Array(bounds.length + 1);
  }

  get count(): number {
    let count = 0;
    for (let i = 0; i < this.counts.length; i++) count += this.counts[i] as number;
    return count;
  }

  /** The bound of the bucket in which the value lies that `share` of all values do not exceed; `undefined` before `atLeast` values. */
  boundOf(share: number, atLeast: number): number | undefined {
    const count = this.count;
    if (count < atLeast) return undefined;
    let below = 0;
    for (let bucket = 0; bucket < this.bounds.length; bucket++) {
      below += this.counts[bucket] as number;
      if (below >= count * share) return this.bounds[bucket];
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Adds one value. What is no finite number is refused and said once. */
  observe(value: number): void {
    if (!(value > Number.NEGATIVE_INFINITY && value < Number.POSITIVE_INFINITY)) {
      warn('metric-value', `a histogram was given ${String(value)}; it takes finite numbers, the value was left out`);
      return;
    }
    const bucket = this.#add(value);
    if (this.#turns[bucket] !== exemplarTurn) this.#takeExemplar(bucket, value, currentScope());
  }

  /** {@link observe} where the scope is at hand and the value is known to be finite. */
  observeIn(value: number, scope: Scope): void {
    const bucket = this.#add(value);
    if (this.#turns[bucket] !== exemplarTurn) this.#takeExemplar(bucket, value, scope);
  }

  #add(value: number): number {
    const bounds = this.bounds;
    let bucket = 0;
    // From below: most durations are short, and a default histogram has 17 bounds.
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    (this.counts[bucket] as number)++;
    this.sum += value;
    return bucket;
  }

  #takeExemplar(bucket: number, value: number, scope: Scope): void {
    const exemplar = exemplarOf(scope, value);
    if (exemplar === undefined) return;
    this.exemplars[bucket] = exemplar;
    this.#turns[bucket] = exemplarTurn;
  }
}
