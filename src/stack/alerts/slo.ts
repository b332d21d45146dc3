import type { Alert, AlertGroup, Recording } from './alert.ts';

const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
type Window = (typeof WINDOWS)[number];
const BY = 'service_name, function, module';

// Google's SRE workbook, chapter 5, table 5-8: budget spent, long window, short window, factor.
const BURNS: readonly { name: string; severity: Alert['severity']; long: Window; short: Window; factor: number; spent: string; hold: string }[] = [
  { name: 'SloBurnFast', severity: 'page', long: '1h', short: '5m', factor: 14.4, spent: '2 % of the month in an hour', hold: '2m' },
  { name: 'SloBurnMedium', severity: 'page', long: '6h', short: '30m', factor: 6, spent: '5 % of the month in six hours', hold: '5m' },
  { name: 'SloBurnSlow', severity: 'ticket', long: '1d', short: '2h', factor: 3, spent: '10 % of the month in a day', hold: '15m' },
  { name: 'SloBurnCreeping', severity: 'ticket', long: '3d', short: '6h', factor: 1, spent: '10 % of the month in three days', hold: '30m' },
];

const errorRatio: Recording[] = WINDOWS.map((window) => ({
  record: `sonde:function_error_ratio:rate${window}`,
  expr: `sum by (${BY}) (rate(function_calls_total{result="error"}[${window}])) / (sum by (${BY}) (rate(function_calls_total[${window}])) > 0)`,
}));

function burn({ name, severity, long, short, factor, spent, hold }: (typeof BURNS)[number]): Alert {
  const over = (window: Window): string =>
    `sonde:function_error_ratio:rate${window} > on (${BY}) (${factor} * (1 - max by (${BY}) (sonde_slo_objective_ratio)))`;
  const minutes = name === 'SloBurnCreeping' || name === 'SloBurnSlow' ? 4_500 : 480;
  const function_ = `service_name="checkout",function="place",module="orders"`;
  return {
    name,
    severity,
    language: 'promql',
    expr: `(${over(long)}) and (${over(short)})`,
    for: hold,
    summary: '{{ $labels.function }} of {{ $labels.service_name }} burns its error budget {{ $value | humanizePercentage }} fast',
    description: `Errors over ${long} and over ${short} are more than ${factor} times what the objective allows: ${spent} at this pace.`,
    dashboard: 'sonde-service',
    runbook: {
      meaning: `Users of this function see errors often enough to break the promise that was made for it (${spent}).`,
      check: [
        'Open the service dashboard: since when, which result, which caller.',
        'Open "Errors by fingerprint" for the same minutes: a new fingerprint or a new release names the cause.',
        'Take an error ID from there and run `sonde error <id>`.',
      ],
      mend: [
        'Roll the release back when the first error is as old as the release.',
        'When a dependency fails, see whether its breaker is open; shed or degrade.',
      ],
    },
    test: {
      fires: {
        at: `${minutes}m`,
        series: {
          [`function_calls_total{${function_},result="ok"}`]: `0+80x${minutes}`,
          [`function_calls_total{${function_},result="error"}`]: `0+20x${minutes}`,
          [`sonde_slo_objective_ratio{${function_}}`]: `0.999x${minutes}`,
        },
        labels: { service_name: 'checkout', function: 'place', module: 'orders' },
      },
      silent: {
        at: `${minutes}m`,
        series: {
          [`function_calls_total{${function_},result="ok"}`]: `0+100000x${minutes}`,
          [`function_calls_total{${function_},result="error"}`]: `0+50x${minutes}`,
          [`sonde_slo_objective_ratio{${function_}}`]: `0.999x${minutes}`,
        },
      },
    },
  };
}

const latency: Alert = {
  name: 'SloLatency',
  severity: 'ticket',
  language: 'promql',
  expr: `histogram_quantile(0.99, sum by (le, ${BY}) (rate(function_calls_duration_seconds_bucket[10m]))) > on (${BY}) max by (${BY}) (sonde_slo_latency_seconds)`,
  for: '10m',
  summary: '{{ $labels.function }} of {{ $labels.service_name }} is slower than promised: p99 {{ $value | humanizeDuration }}',
  description: 'The 99th percentile over ten minutes is above the latency declared for this function.',
  dashboard: 'sonde-service',
  runbook: {
    meaning: 'One call in a hundred takes longer than the team promised.',
    check: [
      'Follow an exemplar of the slow bucket to its trace: which child span takes the time.',
      'Compare event-loop delay and the four bottlenecks of the process for the same minutes.',
    ],
    mend: ['A slow dependency: lower its timeout or hedge it.', 'A busy loop: `sonde profile --seconds 10` names the function.'],
  },
  test: {
    fires: {
      at: '40m',
      series: {
        'function_calls_duration_seconds_bucket{service_name="checkout",function="place",module="orders",le="0.1"}': '0+50x60',
        'function_calls_duration_seconds_bucket{service_name="checkout",function="place",module="orders",le="1"}': '0+100x60',
        'function_calls_duration_seconds_bucket{service_name="checkout",function="place",module="orders",le="+Inf"}': '0+100x60',
        'sonde_slo_latency_seconds{service_name="checkout",function="place",module="orders"}': '0.3x60',
      },
      labels: { service_name: 'checkout', function: 'place', module: 'orders' },
    },
    silent: {
      at: '40m',
      series: {
        'function_calls_duration_seconds_bucket{service_name="checkout",function="place",module="orders",le="0.1"}': '0+100x60',
        'function_calls_duration_seconds_bucket{service_name="checkout",function="place",module="orders",le="1"}': '0+100x60',
        'function_calls_duration_seconds_bucket{service_name="checkout",function="place",module="orders",le="+Inf"}': '0+100x60',
        'sonde_slo_latency_seconds{service_name="checkout",function="place",module="orders"}': '0.3x60',
      },
    },
  },
};

export const SLO_ALERTS: AlertGroup = { name: 'sonde-slo', title: 'Objectives', recordings: errorRatio, alerts: [...BURNS.map(burn), latency] };
