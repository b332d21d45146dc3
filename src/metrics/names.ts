/** The kinds of metric that we make ourselves. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Throws where a name breaks Prometheus' grammar, or a label name is used twice or is reserved. */
export function checkNames(type: MetricType, name: string, labels: readonly string[]): void {
  if (typeof name !== 'string' || !METRIC.test(name)) {
    throw new TypeError(`Cannot define ${type} "${String(name)}": its name is not valid, expected letters, digits, "_" and ":", not beginning with a digit`);
  }
  const seen = new Set<string>();
  for (const label of labels) {
    if (typeof label !== 'string' || !LABEL.test(label)) {
      throw new TypeError(
        `Cannot define ${type} "${name}": label "${String(label)}" is not valid, expected letters, digits and "_", not beginning with a digit or "__"`,
      );
    }
    if (type === 'histogram' && label === 'le')
      throw new TypeError(`Cannot define histogram "${name}": label "le" is taken by its buckets, expected another name`);
    if (seen.has(label)) throw new TypeError(`Cannot define ${type} "${name}": label "${label}" is there twice, expected distinct labels`);
    seen.add(label);
  }
}

/** The family name of OpenMetrics: a counter's without `_total`. */
export function familyName(type: string, name: string): string {
  return type === 'counter' && name.endsWith('_total') ? name.slice(0, -6) : name;
}

const SUFFIXES: Record<string, readonly string[]> = {
  counter: ['_total', '_created'],
  gauge: [],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['_sum', '_count', '_created'],
};

/** Every name that a family occupies on a page; no two families may share one. */
export function claimedNames(type: string, name: string): string[] {
  const family = familyName(type, name);
  const claimed = [family, ...(SUFFIXES[type] ?? []).map((suffix) => family + suffix)];
  return name === family ? claimed : [...claimed, name].filter((n, i, all) => all.indexOf(n) === i);
}
