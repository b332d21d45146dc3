import { CounterCell, GaugeCell, HistogramCell } from './cells.ts';
import { Family, type FamilyShape, MAX_SERIES } from './family.ts';
import { checkNames, claimedNames, type MetricType } from './names.ts';

/** A metric of ours. */
export type AnyFamily = Family<CounterCell> | Family<GaugeCell> | Family<HistogramCell>;

/** A value of a metric that is read when the page is made. */
export interface Reading {
  readonly labels?: Readonly<Record<string, string | number | boolean>>;
  readonly value: number;
}

const families = new Map<string, AnyFamily>();
const claims = new Map<string, string>(); // every name on the page → the family that has it
const readers = new Map<string, () => Iterable<Reading>>();
let onFamily: ((family: AnyFamily) => void) | undefined;

/** Every metric defined so far, in order. */
export function allFamilies(): readonly AnyFamily[] {
  return [...families.values()];
}

/** The family that occupies `name` on the page. */
export function claimedBy(name: string): string | undefined {
  return claims.get(name);
}

/** Calls `fn` for each family there is and each to come, until the returned function is called. */
export function watchFamilies(fn: (family: AnyFamily) => void): () => void {
  onFamily = fn;
  for (const family of families.values()) fn(family);
  return () => {
    if (onFamily === fn) onFamily = undefined;
  };
}

/** Defines a metric, or gives the one of the same name and shape. Another shape under the same name throws. */
export function defineFamily(shape: FamilyShape & { readonly type: 'counter' }): Family<CounterCell>;
export function defineFamily(shape: FamilyShape & { readonly type: 'gauge' }): Family<GaugeCell>;
export function defineFamily(shape: FamilyShape & { readonly type: 'histogram' }): Family<HistogramCell>;
export function defineFamily(shape: FamilyShape): AnyFamily {
  checkNames(shape.type, shape.name, shape.labelNames);
  if (typeof shape.help !== 'string')
    throw new TypeError(`Cannot define ${shape.type} "${shape.name}": its help is ${typeof shape.help}, expected one sentence`);
  if (!(Number.isInteger(shape.maxSeries) && shape.maxSeries > 0)) {
    throw new RangeError(`Cannot define ${shape.type} "${shape.name}": maxSeries is ${shape.maxSeries}, expected a whole number from 1`);
  }
  const known = families.get(shape.name);
  if (known) {
    const difference = shapeDifference(known.shape, shape);
    if (difference) throw new TypeError(`Cannot define ${shape.type} "${shape.name}": it exists with ${difference}, expected the same shape or another name`);
    return known;
  }
  for (const name of claimedNames(shape.type, shape.name)) {
    const owner = claims.get(name);
    if (owner) throw new TypeError(`Cannot define ${shape.type} "${shape.name}": "${owner}" occupies the name "${name}", expected a name of its own`);
  }
  const family = makeFamily(shape);
  families.set(shape.name, family);
  for (const name of claimedNames(shape.type, shape.name)) claims.set(name, shape.name);
  onFamily?.(family);
  return family;
}

/**
 * Defines a counter or gauge whose values are read when the page is made; the returned function ends it and takes its
 * values off the page. The reader's failure leaves the former values in place.
 */
export function defineReading(
  shape: { type: 'counter' | 'gauge'; name: string; help: string; labels?: readonly string[] },
  read: () => Iterable<Reading>,
): () => void {
  const full = { name: shape.name, help: shape.help, labelNames: shape.labels ?? [], maxSeries: MAX_SERIES, bounds: undefined };
  if (shape.type === 'counter') defineFamily({ ...full, type: 'counter' });
  else defineFamily({ ...full, type: 'gauge' });
  readers.set(shape.name, read);
  return () => {
    if (readers.get(shape.name) !== read) return;
    readers.delete(shape.name);
    if (shape.type === 'gauge') (families.get(shape.name) as Family<GaugeCell> | undefined)?.retain(new Set());
  };
}

/** Reads what is only known at the moment of a scrape. */
export function refreshReadings(): void {
  for (const [name, read] of readers) {
    const family = families.get(name) as Family<CounterCell | GaugeCell>;
    const written = new Set<CounterCell | GaugeCell>();
    try {
      for (const { labels, value } of read()) {
        const cell = family.cell(labels ?? {});
        cell.value = written.has(cell) ? cell.value + value : value; // what is over the cap adds up in one series
        written.add(cell);
      }
      if (family.shape.type === 'gauge') family.retain(written); // a counter of what is gone still counts
    } catch {
      // A reader that fails has nothing new to say; the page is served with what there was.
    }
  }
}

function makeFamily(shape: FamilyShape): AnyFamily {
  if (shape.type === 'counter') return new Family(shape, (pairs, values) => new CounterCell(pairs, values));
  if (shape.type === 'gauge') return new Family(shape, (pairs, values) => new GaugeCell(pairs, values));
  const bounds = shape.bounds ?? new Float64Array(0);
  return new Family(shape, (pairs, values) => new HistogramCell(pairs, values, bounds));
}

function shapeDifference(a: FamilyShape, b: FamilyShape): string | undefined {
  const wasType: MetricType = a.type;
  if (wasType !== b.type) return `type ${wasType}`;
  if (a.labelNames.join() !== b.labelNames.join()) return a.labelNames.length === 0 ? 'no labels' : `labels ${a.labelNames.join(', ')}`;
  if ((a.bounds ?? []).join() !== (b.bounds ?? []).join()) return `buckets ${a.bounds?.join(', ')}`;
  return undefined;
}

/** Forgets every metric; for tests that count from zero. */
export function clearRegistry(): void {
  families.clear();
  claims.clear();
  readers.clear();
}
