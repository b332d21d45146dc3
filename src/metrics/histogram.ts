import type { HistogramCell } from './cells.ts';
import type { MetricOptions } from './counter.ts';
import { type Family, MAX_SERIES } from './family.ts';
import type { Labels } from './label-set.ts';
import { defineFamily } from './registry.ts';

/** A histogram whose labels are bound. */
export interface BoundHistogram {
  /** Adds one value. */
  observe(value: number): void;
  readonly count: number;
  readonly sum: number;
}

/** A histogram with labels. */
export interface LabelledHistogram<L extends string> {
  /** Adds one value to the series of `labels`. */
  observe(labels: Labels<L>, value: number): void;
  /** Binds the labels once; the result observes in a few nanoseconds. */
  labels(labels: Labels<L>): BoundHistogram;
  /** Forgets the series of `labels`. */
  remove(labels: Labels<L>): boolean;
}

/** What {@link histogram} makes: with labels or without. */
export type Histogram<L extends string> = [L] extends [never] ? BoundHistogram : LabelledHistogram<L>;

/** Options of {@link histogram}. */
export interface HistogramOptions<L extends readonly string[]> extends MetricOptions<L> {
  /** Upper bounds of the buckets, ascending, in the unit of the name; `+Inf` is added. */
  readonly buckets?: readonly number[];
}

/** Seconds: the bounds that autometrics' rules use (5 ms to 10 s), and three below them for functions that do no I/O. */
export const SECONDS_BUCKETS: readonly number[] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** More buckets than this cost a page more than they tell. */
const MAX_BUCKETS = 200;

/**
 * How values are spread, for Prometheus; each bucket keeps the trace of one of its values as its exemplar.
 *
 * Shape: with `labels`, `observe` takes one value for each of them and then the number.
 * Units: in the name, such as `_seconds`; the default buckets are seconds, 100 µs to 10 s.
 * Errors: throws `TypeError` for a name that is not valid or exists with another shape, `RangeError` for buckets that do
 * not ascend; observing never throws.
 *
 * @example
 * const size = histogram('example_order_lines', { help: 'Lines of an order', buckets: [1, 10, 100] });
 * size.observe(12);
 * size.count === 1;
 */
export function histogram<const L extends readonly string[] = readonly []>(name: string, options: HistogramOptions<L>): Histogram<L[number]> {
  const family = defineHistogram(name, options);
  return (family.shape.labelNames.length === 0 ? family.cell({}) : new HistogramOf(family)) as unknown as Histogram<L[number]>;
}

/** {@link histogram} for our own layers: the family itself. */
export function defineHistogram(name: string, options: HistogramOptions<readonly string[]>): Family<HistogramCell> {
  return defineFamily({
    type: 'histogram',
    name,
    help: options.help,
    labelNames: options.labels ?? [],
    maxSeries: options.maxSeries ?? MAX_SERIES,
    bounds: checkedBounds(name, options.buckets ?? SECONDS_BUCKETS),
  });
}

function checkedBounds(name: string, buckets: readonly number[]): Float64Array {
  const bounds = buckets.at(-1) === Number.POSITIVE_INFINITY ? buckets.slice(0, -1) : buckets;
  if (bounds.length === 0 || bounds.length > MAX_BUCKETS) {
    throw new RangeError(`Cannot define histogram "${name}": it has ${bounds.length} buckets, expected 1 to ${MAX_BUCKETS}`);
  }
  for (let i = 0; i < bounds.length; i++) {
    const bound = bounds[i] as number;
    if (!Number.isFinite(bound) || (i > 0 && bound <= (bounds[i - 1] as number))) {
      throw new RangeError(`Cannot define histogram "${name}": bucket ${String(bound)} does not ascend, expected finite bounds from small to large`);
    }
  }
  return Float64Array.from(bounds);
}

class HistogramOf implements LabelledHistogram<string> {
  readonly #family: Family<HistogramCell>;

  constructor(family: Family<HistogramCell>) {
    this.#family = family;
  }

  observe(labels: Labels<string>, value: number): void {
    this.#family.cell(labels).observe(value);
  }

  labels(labels: Labels<string>): HistogramCell {
    return this.#family.cell(labels);
  }

  remove(labels: Labels<string>): boolean {
    return this.#family.remove(labels);
  }
}
