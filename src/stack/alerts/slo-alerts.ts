import type { Alert, Recording } from './alert.ts';
import type { SloLimit } from './slo-limit.ts';
import type { SloSubject } from './slo-subject.ts';

const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
type Window = (typeof WINDOWS)[number];

interface Burn {
  readonly name: string;
  readonly severity: Alert['severity'];
  readonly long: Window;
  readonly short: Window;
  readonly factor: number;
  readonly spent: string;
  readonly hold: string;
  /** How long the test lasts: a little over the long window. */
  readonly testMinutes: number;
}

// Google's SRE workbook, chapter 5, table 5-8: budget spent, long window, short window, factor.
const BURNS: readonly Burn[] = [
  { name: 'BurnFast', severity: 'page', long: '1h', short: '5m', factor: 14.4, spent: '2 % of the month in an hour', hold: '2m', testMinutes: 90 },
  { name: 'BurnMedium', severity: 'page', long: '6h', short: '30m', factor: 6, spent: '5 % of the month in six hours', hold: '5m', testMinutes: 480 },
  { name: 'BurnSlow', severity: 'ticket', long: '1d', short: '2h', factor: 3, spent: '10 % of the month in a day', hold: '15m', testMinutes: 1_800 },
  { name: 'BurnCreeping', severity: 'ticket', long: '3d', short: '6h', factor: 1, spent: '10 % of the month in three days', hold: '30m', testMinutes: 4_500 },
];

/** How promtool steps through days: ten minutes show all that these rules can do, in a tenth of the time. */
export const SLO_TEST_STEP = '10m';

/** The error ratio over each window that a rule looks at. */
export function errorRatios({ labels, calls, ratio }: SloSubject): Recording[] {
  const by = labels.join(', ');
  return WINDOWS.map((window) => ({
    record: `${ratio}:rate${window}`,
    expr: `sum by (${by}) (rate(${calls.metric}{${calls.failed}}[${window}])) / (sum by (${by}) (rate(${calls.metric}[${window}])) > 0)`,
  }));
}

/** The four burn rates, and the latency where one is promised. */
export function sloAlerts(subject: SloSubject, limit: SloLimit): Alert[] {
  return [...BURNS.map((burn) => burnAlert(subject, limit, burn)), ...(limit.latency === undefined ? [] : [latencyAlert(subject, limit, limit.latency)])];
}

function burnAlert(subject: SloSubject, limit: SloLimit, { name, severity, long, short, factor, spent, hold, testMinutes }: Burn): Alert {
  const { prefix, noun, ratio, calls, shown } = subject;
  const of = limit.of ? `{${matchers(limit.of)}}` : '';
  const over = (window: Window): string => `${ratio}:rate${window}${of} > ${limit.allowed(factor)}`;
  const labels = matchers(limit.example);
  // A share of a million calls a minute, so that one error in ten thousand is a whole number.
  const series = (errors: number): Record<string, string> => ({
    [`${calls.metric}{${labels},${calls.label}="${calls.values[0]}"}`]: `0+${Math.round(errors * 1e6)}x${testMinutes}`,
    [`${calls.metric}{${labels},${calls.label}="${calls.values[1]}"}`]: `0+${Math.round((1 - errors) * 1e6)}x${testMinutes}`,
    ...limit.told(labels),
  });
  return {
    name: `Slo${prefix}${name}`,
    severity,
    language: 'promql',
    expr: `(${over(long)}) and (${over(short)})`,
    for: hold,
    summary: `${shown} burns its error budget: {{ $value | humanizePercentage }} of its calls fail`,
    description: `Errors over ${long} and over ${short} are more than ${factor} times what the objective allows: ${spent} at this pace.`,
    dashboard: 'sonde-service',
    runbook: {
      meaning: `Users of this ${noun} see errors often enough to break the promise that was made for it (${spent}).`,
      check: [
        `Open the service dashboard: since when, ${noun === 'route' ? 'which status' : 'which result, which caller'}.`,
        'Open "Errors by fingerprint" for the same minutes: a new fingerprint or a new release names the cause.',
        'Take an error ID from there and run `sonde error <id>`.',
      ],
      mend: [
        'Roll the release back when the first error is as old as the release.',
        'When a dependency fails, see whether its breaker is open; shed or degrade.',
      ],
    },
    test: {
      fires: { at: `${testMinutes}m`, series: series(0.95), labels: limit.example },
      silent: { at: `${testMinutes}m`, series: series(limit.tested.errors) },
    },
  };
}

function latencyAlert({ prefix, noun, labels, buckets, shown }: SloSubject, limit: SloLimit, latency: string): Alert {
  const of = limit.of ? `{${matchers(limit.of)}}` : '';
  const { slow, quick } = limit.tested;
  const example = matchers(limit.example);
  /** Half the calls end at `quick`; the others too, or at `slow`. */
  const series = (isSlow: boolean): Record<string, string> => ({
    [`${buckets}{${example},le="${quick}"}`]: `0+${isSlow ? 50 : 100}x60`,
    [`${buckets}{${example},le="${slow}"}`]: '0+100x60',
    [`${buckets}{${example},le="+Inf"}`]: '0+100x60',
    ...limit.told(example),
  });
  return {
    name: `Slo${prefix}Latency`,
    severity: 'ticket',
    language: 'promql',
    expr: `histogram_quantile(0.99, sum by (le, ${labels.join(', ')}) (rate(${buckets}${of}[10m]))) > ${latency}`,
    for: '10m',
    summary: `${shown} is slower than promised: p99 {{ $value | humanizeDuration }}`,
    description: `The 99th percentile over ten minutes is above the latency declared for this ${noun}.`,
    dashboard: 'sonde-service',
    runbook: {
      meaning: 'One call in a hundred takes longer than the team promised.',
      check: [
        'Follow an exemplar of the slow bucket to its trace: which child span takes the time.',
        'Compare event-loop delay and the four bottlenecks of the process for the same minutes.',
      ],
      mend: ['A slow dependency: lower its timeout or hedge it.', 'A busy loop: `sonde profile --seconds 10` names the function.'],
    },
    test: { fires: { at: '40m', series: series(true), labels: limit.example }, silent: { at: '40m', series: series(false) } },
  };
}

/** A set of labels as it stands in braces. */
export function matchers(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',');
}
