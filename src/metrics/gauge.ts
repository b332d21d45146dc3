import type { GaugeCell } from './cells.ts';
import type { MetricOptions } from './counter.ts';
import { type Family, MAX_SERIES } from './family.ts';
import type { Labels } from './label-set.ts';
import { defineFamily } from './registry.ts';

/** A gauge whose labels are bound. */
export interface BoundGauge {
  set(value: number): void;
  inc(by?: number): void;
  dec(by?: number): void;
  readonly value: number;
}

/** A gauge with labels. */
export interface LabelledGauge<L extends string> {
  set(labels: Labels<L>, value: number): void;
  inc(labels: Labels<L>, by?: number): void;
  dec(labels: Labels<L>, by?: number): void;
  /** Binds the labels once. */
  labels(labels: Labels<L>): BoundGauge;
  /** Forgets the series of `labels`: what is gone should not stand on the page. */
  remove(labels: Labels<L>): boolean;
}

/** What {@link gauge} makes: with labels or without. */
export type Gauge<L extends string> = [L] extends [never] ? BoundGauge : LabelledGauge<L>;

/**
 * A number that goes up and down, for Prometheus.
 *
 * Shape: with `labels`, each call takes one value for each of them, checked by the compiler.
 * Units: in the name, such as `_bytes`.
 * Errors: throws `TypeError` for a name that is not valid, or that exists with another shape; setting never throws.
 *
 * @example
 * const depth = gauge('example_queue_depth', { help: 'Jobs that wait' });
 * depth.set(3);
 * depth.dec();
 * depth.value === 2;
 */
export function gauge<const L extends readonly string[] = readonly []>(name: string, options: MetricOptions<L>): Gauge<L[number]> {
  const family = defineFamily({
    type: 'gauge',
    name,
    help: options.help,
    labelNames: options.labels ?? [],
    maxSeries: options.maxSeries ?? MAX_SERIES,
    bounds: undefined,
  });
  return (family.shape.labelNames.length === 0 ? family.cell({}) : new GaugeOf(family)) as unknown as Gauge<L[number]>;
}

class GaugeOf implements LabelledGauge<string> {
  readonly #family: Family<GaugeCell>;

  constructor(family: Family<GaugeCell>) {
    this.#family = family;
  }

  set(labels: Labels<string>, value: number): void {
    this.#family.cell(labels).set(value);
  }

  inc(labels: Labels<string>, by = 1): void {
    this.#family.cell(labels).inc(by);
  }

  dec(labels: Labels<string>, by = 1): void {
    this.#family.cell(labels).dec(by);
  }

  labels(labels: Labels<string>): GaugeCell {
    return this.#family.cell(labels);
  }

  remove(labels: Labels<string>): boolean {
    return this.#family.remove(labels);
  }
}
