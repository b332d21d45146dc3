import { nearest } from '../../core/nearest.ts';
import { ALERT_GROUPS } from '../alerts/groups.ts';
import { LOG_ATTRIBUTES, LOKI_LABELS, lokiLabel, SPAN_ATTRIBUTES } from '../catalogue/attributes.ts';
import { type MetricEntry, RESOURCE_LABELS, SDK_METRICS, SERVER_METRICS } from '../catalogue/metrics.ts';
import { type Language, logqlLabels, promqlNames, traceqlAttributes } from './expressions.ts';

const RECORDED = ALERT_GROUPS.flatMap((group) => group.recordings ?? []).map(
  (rule): MetricEntry => ({ name: rule.record, type: 'gauge', labels: ['function', 'module', 'http_request_method', 'http_route'], help: 'A recording rule' }),
);
const SERIES = new Map<string, MetricEntry>(
  [...SDK_METRICS, ...SERVER_METRICS, ...RECORDED].flatMap((entry) => seriesOf(entry).map((name) => [name, entry] as const)),
);
/** Labels that a series of the stack may have. */
export const LABEL_NAMES: ReadonlySet<string> = new Set([...RESOURCE_LABELS, 'le', ...[...SERIES.values()].flatMap((entry) => entry.labels)]);
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
function promqlProblems(expr: string): string[] {
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
  for (const label of labels) if (!LABEL_NAMES.has(label)) problems.push(unknown('label', label, LABEL_NAMES));
  return [...new Set(problems)];
}

/** What a LogQL expression names that no record carries. */
function logqlProblems(expr: string): string[] {
  return [...new Set(logqlLabels(expr))].filter((label) => !LOG_LABELS.has(label)).map((label) => unknown('label', label, LOG_LABELS));
}

/** What a TraceQL expression names that no span carries. */
function traceqlProblems(expr: string): string[] {
  return traceqlAttributes(expr)
    .filter((attribute) => !SPAN_ATTRIBUTES.includes(attribute))
    .map((attribute) => unknown('span attribute', attribute, SPAN_ATTRIBUTES));
}

/** What an expression of each language names that nobody has. */
export const NAME_PROBLEMS: Readonly<Record<Language, (expr: string) => string[]>> = {
  promql: promqlProblems,
  logql: logqlProblems,
  traceql: traceqlProblems,
};
