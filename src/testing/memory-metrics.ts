import { HistogramCell } from '../metrics/cells.ts';
import { allFamilies, refreshReadings } from '../metrics/registry.ts';

/** One series of a metric: for a histogram `value` is the number of observations and `sum` what they add up to. */
export interface MetricValue {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly sum: number | undefined;
}

interface Reading {
  readonly value: number;
  readonly sum: number;
}

/** Reads the process's metrics, counted from when this was made (gauges as they are). */
export class MemoryMetrics {
  #start = readAll();

  all(): MetricValue[] {
    const found: MetricValue[] = [];
    forEachSeries((key, type, name, labels, reading) => {
      const before = type === 'gauge' ? undefined : this.#start.get(key);
      const value = reading.value - (before?.value ?? 0);
      found.push({ name, labels, value, sum: type === 'histogram' ? reading.sum - (before?.sum ?? 0) : undefined });
    });
    return found;
  }

  /** The sum over the series that have all of `labels`; `undefined` where there is none. */
  value(name: string, labels: Readonly<Record<string, unknown>> = {}): number | undefined {
    const wanted = Object.entries(labels).map(([key, value]) => [key, String(value)] as const);
    const series = this.all().filter((each) => each.name === name && wanted.every(([key, value]) => each.labels[key] === value));
    return series.length === 0 ? undefined : series.reduce((sum, each) => sum + each.value, 0);
  }

  clear(): void {
    this.#start = readAll();
  }
}

function readAll(): Map<string, Reading> {
  const values = new Map<string, Reading>();
  forEachSeries((key, _type, _name, _labels, reading) => values.set(key, reading));
  return values;
}

function forEachSeries(take: (key: string, type: string, name: string, labels: Record<string, string>, reading: Reading) => void): void {
  refreshReadings();
  for (const { shape, cells } of allFamilies()) {
    for (const cell of cells) {
      const labels = Object.fromEntries(shape.labelNames.map((label, i) => [label, cell.values[i] ?? '']));
      const reading = cell instanceof HistogramCell ? { value: cell.count, sum: cell.sum } : { value: cell.value, sum: 0 };
      take(`${shape.name}{${cell.pairs}}`, shape.type, shape.name, labels, reading);
    }
  }
}
