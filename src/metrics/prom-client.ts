import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Metric, Registry } from 'prom-client';
import { clock, type TimerHandle } from '../core/clock.ts';
import { warn } from '../core/diag.ts';
import { safeMessage } from '../core/json.ts';
import type { MetricData } from '../core/metric-data.ts';
import type { CounterCell, GaugeCell, HistogramCell } from './cells.ts';
import { canonical, exemplarText, header, maySum, number } from './exposition.ts';
import type { Family } from './family.ts';
import { foreignData } from './foreign-data.ts';
import { escapeLabel } from './label-set.ts';
import { claimedNames, familyName } from './names.ts';
import type { Format } from './negotiate.ts';
import type { PromMetric, PromValue } from './prom-metric.ts';
import { type AnyFamily, claimedBy, watchFamilies } from './registry.ts';

/**
 * What `collectDefaultMetrics()` of prom-client makes too, with the same meaning. They stay off its registry, where a
 * second definition throws into the application, and that both have them is nothing to speak of.
 */
const DEFAULTS = new Set(['process_cpu_seconds_total', 'process_start_time_seconds', 'process_resident_memory_bytes', 'nodejs_active_resources']);

const FOREIGN_MS = 2_000; // for a metric that asks something slow; Prometheus gives a whole scrape 10 s

/** The application's own metrics in prom-client's default registry, and ours shown there. */
export interface PromBridge {
  /** The application's own metrics as text. */
  page(format: Format): Promise<string>;
  /** The same as data. */
  data(): Promise<MetricData[]>;
  close(): void;
}

/**
 * Joins prom-client's default registry: our metrics become visible there, and what the application made with prom-client
 * is written on our page. Where both have a name, ours is on the page. prom-client costs 60 ms of start-up, so this is
 * called by the first scrape and not before. `undefined` where the package is missing.
 */
export async function joinPromClient(): Promise<PromBridge | undefined> {
  let register: Registry;
  try {
    ({ register } = (await import('prom-client')).default);
  } catch {
    return undefined;
  }
  const shown = new Set<Metric>();
  const stop = watchFamilies((family) => show(register, family, shown));
  return {
    page: async (format) => (await readAll(register, shown)).map((item) => writeForeign(item, defaultsOf(register), format)).join(''),
    data: async () => (await readAll(register, shown)).flatMap((item) => foreignData(item, defaultsOf(register))),
    close() {
      stop();
      for (const metric of shown) removeOf(register, metric);
    },
  };
}

function removeOf(register: Registry, metric: Metric): void {
  for (const name of claimedNames('counter', (metric as unknown as { name: string }).name))
    if (register.getSingleMetric(name) === metric) register.removeSingleMetric(name);
}

function show(register: Registry, family: AnyFamily, shown: Set<Metric>): void {
  const { name } = family.shape;
  if (DEFAULTS.has(name) || register.getSingleMetric(name) !== undefined) return; // the application's own; it stays in its registry
  const metric = {
    ...family.shape,
    aggregator: 'sum',
    // prom-client takes `_total` off the name of the object itself before it writes OpenMetrics: the answer follows it.
    get: async (): Promise<PromMetric> => ({ ...snapshot(family), name: metric.name }),
    reset() {},
  };
  register.registerMetric(metric as unknown as Metric);
  shown.add(metric as unknown as Metric);
}

/** The family in prom-client's form. */
export function snapshot(family: AnyFamily): PromMetric {
  const { name, help, type, labelNames } = family.shape;
  const values: PromValue[] = [];
  for (const cell of family.cells) {
    const labels = Object.fromEntries(labelNames.map((label, i) => [label, cell.values[i] as string]));
    if (type === 'histogram') values.push(...histogramValues(family as Family<HistogramCell>, cell as HistogramCell, labels));
    else values.push({ value: (cell as CounterCell | GaugeCell).value, labels });
  }
  return { name, help, type, values };
}

function histogramValues(family: Family<HistogramCell>, cell: HistogramCell, labels: Record<string, string>): PromValue[] {
  const { name } = family.shape;
  let count = 0;
  const buckets = Array.from(cell.counts, (own, i) => {
    count += own;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: i < cell.bounds.length ? canonical(cell.bounds[i] as number) : '+Inf' }, value: count };
  });
  return [...buckets, { metricName: `${name}_sum`, labels, value: cell.sum }, { metricName: `${name}_count`, labels, value: count }];
}

/** Whether the application has loaded prom-client: only then it can have metrics there. */
export function isPromClientLoaded(): boolean {
  try {
    const { cache, resolve } = createRequire(import.meta.url);
    const path = resolve('prom-client');
    return path in cache || realpathSync(path) in cache; // links are kept or followed as the program was started
  } catch {
    return false;
  }
}

function defaultsOf(register: Registry): Readonly<Record<string, string>> {
  return (register as unknown as { _defaultLabels?: Record<string, string> })._defaultLabels ?? {};
}

/** What the application's metrics say, but for those whose names are ours. */
async function readAll(register: Registry, shown: ReadonlySet<Metric>): Promise<PromMetric[]> {
  const foreign = register.getMetricsAsArray().filter((metric) => !shown.has(metric as unknown as Metric));
  const items = await Promise.all(foreign.map((metric) => readForeign(metric as unknown as ForeignMetric)));
  const written = new Set<string>();
  const found: PromMetric[] = [];
  for (const item of items) {
    if (item === undefined) continue;
    const names = claimedNames(item.type, item.name);
    const owner = names.map(claimedBy).find((name) => name !== undefined);
    if (owner !== undefined) {
      if (!DEFAULTS.has(owner)) sayTwice(item.name, owner);
      continue;
    }
    if (names.some((name) => written.has(name))) continue;
    for (const name of names) written.add(name);
    found.push(item);
  }
  return found;
}

interface ForeignMetric {
  readonly name: string;
  get(): Promise<PromMetric>;
}

/** Asks one metric of the application; `undefined` where it fails or does not answer in time. */
async function readForeign(metric: ForeignMetric): Promise<PromMetric | undefined> {
  let timer: TimerHandle | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = clock.setTimeout(() => reject(new Error(`no answer within ${FOREIGN_MS} ms`)), FOREIGN_MS);
    });
    return await Promise.race([metric.get(), late]);
  } catch (error) {
    warn(`metric-get-${metric.name}`, `the prom-client metric "${metric.name}" cannot be read: ${safeMessage(error)}; it is left out of /metrics`);
    return undefined;
  } finally {
    if (timer !== undefined) clock.clearTimeout(timer);
  }
}

function sayTwice(name: string, owner: string): void {
  warn(
    `metric-twice-${owner}`,
    `the metric "${name}" exists in prom-client and in Sonde (as "${owner}"); /metrics shows Sonde's, give one of them another name`,
  );
}

function writeForeign(item: PromMetric, defaults: Readonly<Record<string, string>>, format: Format): string {
  const open = format === 'openmetrics';
  const family = open ? familyName(item.type, item.name) : item.name;
  let out = header(item, family, format);
  const unsummed = open ? seriesWithoutSum(item) : undefined;
  for (const value of item.values) {
    if (unsummed?.size && /_(?:sum|count)$/.test(value.metricName ?? '') && unsummed.has(seriesOf(value))) continue;
    const sample = value.metricName ?? (open && item.type === 'counter' ? `${family}_total` : item.name);
    const labels = Object.entries({ ...defaults, ...value.labels }).filter(([, text]) => text !== undefined);
    const pairs = labels.map(([name, text]) => `${name}="${foreignLabel(name, text)}"`).join(',');
    out += pairs === '' ? `${sample} ` : `${sample}{${pairs}} `;
    out += number(value.value);
    if (open && value.exemplar) out += exemplarText(foreignExemplar(value.exemplar));
    out += '\n';
  }
  return out;
}

/** The series of a histogram or summary whose sum OpenMetrics does not take, see {@link maySum}. */
function seriesWithoutSum({ type, name, values }: PromMetric): Set<string> {
  const found = new Set<string>();
  if (type !== 'histogram' && type !== 'summary') return found;
  for (const value of values) {
    const bound = value.labels['le'];
    const sum = value.metricName === `${name}_sum` ? value.value : 0;
    if (!maySum(sum, typeof bound === 'number' ? bound : undefined)) found.add(seriesOf(value));
  }
  return found;
}

function seriesOf({ labels: { le: _le, quantile: _quantile, ...labels } }: PromValue): string {
  return JSON.stringify(labels);
}

function foreignLabel(name: string, value: string | number): string {
  return (name === 'le' || name === 'quantile') && typeof value === 'number' ? canonical(value) : escapeLabel(String(value));
}

function foreignExemplar(exemplar: NonNullable<PromValue['exemplar']>): { labels: string; value: number; timestampMs: number } {
  const labels = Object.entries(exemplar.labelSet).map(([name, value]) => `${name}="${escapeLabel(String(value))}"`);
  return { labels: labels.join(','), value: exemplar.value, timestampMs: exemplar.timestamp * 1_000 };
}
