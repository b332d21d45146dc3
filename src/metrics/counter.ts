import type { CounterCell } from './cells.ts';
import { type Family, MAX_SERIES } from './family.ts';
import type { Labels } from './label-set.ts';
import { defineFamily } from './registry.ts';

/** A counter whose labels are bound: what {@link LabelledCounter.labels} gives, and what a counter without labels is. */
export interface BoundCounter {
  /** Adds `by`, 1 where it is left out. */
  inc(by?: number): void;
  readonly value: number;
}

/** A counter with labels. */
export interface LabelledCounter<L extends string> {
  /** Adds `by` (1) to the series of `labels`. */
  inc(labels: Labels<L>, by?: number): void;
  /** Binds the labels once; the result counts in a few nanoseconds. */
  labels(labels: Labels<L>): BoundCounter;
  /** Forgets the series of `labels`. */
  remove(labels: Labels<L>): boolean;
}

/** What {@link counter} makes: with labels or without. */
export type Counter<L extends string> = [L] extends [never] ? BoundCounter : LabelledCounter<L>;

/** Options of every metric. */
export interface MetricOptions<L extends readonly string[]> {
  /** One sentence for the page. */
  readonly help: string;
  /** Label names; their values are given with each call. */
  readonly labels?: L;
  /** Label sets beyond this number (2,000) share one series named `overflow`. */
  readonly maxSeries?: number;
}

/**
 * A number that only grows, for Prometheus.
 *
 * Shape: with `labels`, `inc` takes one value for each of them, checked by the compiler; without, it takes the increment.
 * Units: in the name, such as `_bytes_total`; the name ends in `_total`.
 * Errors: throws `TypeError` for a name that is not valid, or that exists with another shape; counting never throws.
 *
 * @example
 * const placed = counter('example_orders_placed_total', { help: 'Orders accepted', labels: ['plan'] });
 * placed.inc({ plan: 'pro' });
 * placed.labels({ plan: 'pro' }).value === 1;
 */
export function counter<const L extends readonly string[] = readonly []>(name: string, options: MetricOptions<L>): Counter<L[number]> {
  const family = defineFamily({
    type: 'counter',
    name,
    help: options.help,
    labelNames: options.labels ?? [],
    maxSeries: options.maxSeries ?? MAX_SERIES,
    bounds: undefined,
  });
  return (family.shape.labelNames.length === 0 ? family.cell({}) : new CounterOf(family)) as unknown as Counter<L[number]>;
}

class CounterOf implements LabelledCounter<string> {
  readonly #family: Family<CounterCell>;

  constructor(family: Family<CounterCell>) {
    this.#family = family;
  }

  inc(labels: Labels<string>, by = 1): void {
    this.#family.cell(labels).inc(by);
  }

  labels(labels: Labels<string>): CounterCell {
    return this.#family.cell(labels);
  }

  remove(labels: Labels<string>): boolean {
    return this.#family.remove(labels);
  }
}
