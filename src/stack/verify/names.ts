import { nearest } from '../../core/nearest.ts';
import { ALERT_GROUPS } from '../alerts/groups.ts';
import { LOG_ATTRIBUTES, LOKI_LABELS, lokiLabel, SPAN_ATTRIBUTES } from '../catalogue/attributes.ts';
import { type MetricEntry, RESOURCE_LABELS, SDK_METRICS, SERVER_METRICS } from '../catalogue/metrics.ts';
import { logqlLabels, promqlNames, traceqlAttributes } from './expressions.ts';

const RECORDED = ALERT_GROUPS.flatMap((group) => group.recordings ?? []).map(
  (rule): MetricEntry => ({ name: rule.record, type: 'gauge', labels: ['service_name', 'function', 'module'], help: 'A recording rule' }),
);
const SERIES = new Map<string, MetricEntry>(
  [...SDK_METRICS, ...SERVER_METRICS, ...RECORDED].flatMap((entry) => seriesOf(entry).map((name) => [name, entry] as const)),
);
const LABELS = new Set([...RESOURCE_LABELS, 'le', ...[...SERIES.values()].flatMap((entry) => entry.labels)]);
const LOG_LABELS = new Set([...LOKI_LABELS, ...LOG_ATTRIBUTES.map(lokiLabel)]);

/** A histogram is three series. */
function seriesOf(entry: MetricEntry): string[] {
  return entry.type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => entry.name + suffix) : [entry.name];
}

function unknown(kind: string, name: string, names: Iterable<string>): string {
  const near = nearest(name, names);
  return `${kind} "${name}" is not in the catalogue${near ? `; did you mean "${near}"?` : ''}`;
}

/** What a PromQL expression names that nobody emits. */
export function promqlProblems(expr: string): string[] {
  const problems: string[] = [];
  const { metrics, labels } = promqlNames(expr);
  for (const { name, labels: matched } of metrics) {
    const entries = typeof name === 'string' ? [SERIES.get(name)] : [...SERIES].filter(([series]) => name.test(series)).map(([, entry]) => entry);
    if (typeof name === 'string' && !entries[0]) problems.push(unknown('metric', name, SERIES.keys()));
    else if (entries.length === 0) problems.push(`no metric of the catalogue fits ${String(name)}`);
    for (const entry of entries) {
      if (!entry) continue;
      const allowed = new Set([...RESOURCE_LABELS, ...entry.labels, ...(entry.type === 'histogram' ? ['le'] : [])]);
      for (const label of matched) if (!allowed.has(label)) problems.push(`${unknown(`label of ${entry.name}`, label, allowed)}`);
    }
  }
  for (const label of labels) if (!LABELS.has(label)) problems.push(unknown('label', label, LABELS));
  return [...new Set(problems)];
}

/** What a LogQL expression names that no record carries. */
export function logqlProblems(expr: string): string[] {
  return [...new Set(logqlLabels(expr))].filter((label) => !LOG_LABELS.has(label)).map((label) => unknown('label', label, LOG_LABELS));
}

/** What a TraceQL expression names that no span carries. */
export function traceqlProblems(expr: string): string[] {
  return traceqlAttributes(expr)
    .filter((attribute) => !SPAN_ATTRIBUTES.includes(attribute))
    .map((attribute) => unknown('span attribute', attribute, SPAN_ATTRIBUTES));
}
