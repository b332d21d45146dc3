import { FUNCTION_SLO, ROUTE_SLO, type SloSubject } from '../alerts/slo-subject.ts';
import type { Dashboard } from './dashboard.ts';
import { logs, prom, stat, table, timeseries } from './panel.ts';
import { ENVIRONMENT, FUNCTION, OF_SERVICE, SERVICE } from './variables.ts';

const COUNT = `http_server_request_duration_seconds_count{${OF_SERVICE}}`;
const CALLS = `function_calls_total{${OF_SERVICE}, function=~"$function"}`;
const quantile = (q: number, metric: string, by: string, more = ''): string =>
  `histogram_quantile(${q}, sum by (le, ${by}) (rate(${metric}_bucket{${OF_SERVICE}${more}}[$__rate_interval])))`;

/** What is left of the budget of each one that promises: a share of calls, of 30 days. */
function budgetLeft({ labels, calls, objective }: SloSubject): string {
  const by = labels.join(', ');
  const all = `sum by (${by}) (increase(${calls.metric}{${OF_SERVICE}}[30d]))`;
  const failed = `sum by (${by}) (increase(${calls.metric}{${OF_SERVICE}, ${calls.failed}}[30d]))`;
  return `1 - (${failed} or 0 * ${all}) / (${all} > 0) / on (${by}) (1 - max by (${by}) (${objective}{${OF_SERVICE}}))`;
}

function burnRate({ labels, ratio, objective }: SloSubject): string {
  const by = labels.join(', ');
  return `${ratio}:rate1h{${OF_SERVICE}} / on (${by}) (1 - max by (${by}) (${objective}))`;
}

/** Rate, errors, duration and what is left of the error budget. */
export const SERVICE_OVERVIEW: Dashboard = {
  uid: 'sonde-service',
  title: 'Sonde / Service',
  description: 'Rate, errors and duration of a service, and its objectives.',
  from: 'now-3h',
  variables: [SERVICE, ENVIRONMENT],
  rows: [
    {
      title: 'Requests',
      panels: [
        stat('Requests a second', 'reqps', prom(`sum(rate(${COUNT}[5m]))`)),
        stat(
          'Answered with 5xx',
          'percentunit',
          prom(`sum(rate(http_server_request_duration_seconds_count{${OF_SERVICE}, http_response_status_code=~"5.."}[5m])) / sum(rate(${COUNT}[5m]))`),
          { thresholds: [0.01, 0.05] },
        ),
        stat('p99', 's', prom(quantile(0.99, 'http_server_request_duration_seconds', 'job')), { thresholds: [1, 2.5] }),
        stat('Bugs in an hour', 'short', prom(`sum(increase(errors_total{${OF_SERVICE}, kind="bug"}[1h]))`), { thresholds: [1, 10] }),
        stat('Processes', 'short', prom(`count(process_start_time_seconds{${OF_SERVICE}})`)),
        stat('Starts in an hour', 'short', prom(`sum(changes(process_start_time_seconds{${OF_SERVICE}}[1h]))`), { thresholds: [1, 4] }),
        timeseries('Requests a second by route', 'reqps', [
          prom(`sum by (http_request_method, http_route) (rate(${COUNT}[$__rate_interval]))`, '{{http_request_method}} {{http_route}}', { exemplar: true }),
        ]),
        timeseries('By status', 'reqps', [prom(`sum by (http_response_status_code) (rate(${COUNT}[$__rate_interval]))`, '{{http_response_status_code}}')], {
          stacked: true,
        }),
        timeseries(
          'Duration, p50 p90 p99 (click a dot for its trace)',
          's',
          [0.5, 0.9, 0.99].map((q) =>
            prom(quantile(q, 'http_server_request_duration_seconds', 'service_name'), `p${q * 100} {{service_name}}`, { exemplar: true }),
          ),
          { width: 24 },
        ),
      ],
    },
    {
      title: 'Objectives',
      panels: [
        ...[FUNCTION_SLO, ROUTE_SLO].map((subject) =>
          table(`Error budget left of each ${subject.noun}, 30 days`, [prom(budgetLeft(subject))], {
            width: 12,
            help: `One row a ${subject.noun} with an objective; 1 is untouched, below 0 is overspent.`,
          }),
        ),
        timeseries(
          'Burn rate, 1 h (1: all of it in 30 days)',
          'short',
          [prom(burnRate(FUNCTION_SLO), '{{service_name}} {{function}}'), prom(burnRate(ROUTE_SLO), '{{service_name}} {{http_request_method}} {{http_route}}')],
          { thresholds: [1, 14.4], width: 24 },
        ),
      ],
    },
    {
      title: 'Around it',
      panels: [
        timeseries('Requests to others, p99', 's', [prom(quantile(0.99, 'http_client_request_duration_seconds', 'server_address'), '{{server_address}}')]),
        timeseries('Requests to others, by status', 'reqps', [
          prom(
            `sum by (server_address, http_response_status_code) (rate(http_client_request_duration_seconds_count{${OF_SERVICE}}[$__rate_interval]))`,
            '{{server_address}} {{http_response_status_code}}',
          ),
        ]),
        logs('Warnings and errors', `{${OF_SERVICE}} | severity_number>=13`),
      ],
    },
  ],
};

/** RED of every traced function, and who calls it. */
export const FUNCTIONS: Dashboard = {
  uid: 'sonde-functions',
  title: 'Sonde / Functions',
  description: 'Rate, errors and duration of traced functions and their callers.',
  from: 'now-1h',
  variables: [SERVICE, ENVIRONMENT, FUNCTION],
  rows: [
    {
      title: 'All functions',
      panels: [
        table('Busiest', [prom(`topk(50, sum by (module, function) (rate(${CALLS}[$__range])))`)], { height: 10 }),
        table(
          'Failing',
          [prom(`topk(50, sum by (module, function) (rate(function_calls_total{${OF_SERVICE}, function=~"$function", result="error"}[$__range])) > 0)`)],
          { height: 7 },
        ),
      ],
    },
    {
      title: 'Rate, errors, duration',
      panels: [
        timeseries('Calls a second', 'ops', [prom(`sum by (function) (rate(${CALLS}[$__rate_interval]))`, '{{function}}')]),
        timeseries('Errors and cancellations a second', 'ops', [
          prom(
            `sum by (function, result) (rate(function_calls_total{${OF_SERVICE}, function=~"$function", result!="ok"}[$__rate_interval]))`,
            '{{function}} {{result}}',
          ),
        ]),
        timeseries('p99', 's', [
          prom(quantile(0.99, 'function_calls_duration_seconds', 'function', ', function=~"$function"'), '{{function}}', { exemplar: true }),
        ]),
        timeseries('Under way', 'short', [prom(`sum by (function) (function_calls_concurrent{${OF_SERVICE}, function=~"$function"})`, '{{function}}')]),
      ],
    },
    { title: 'Callers', panels: [table('Who calls', [prom(`sum by (caller_module, caller_function, module, function) (rate(${CALLS}[$__range])) > 0`)])] },
  ],
};
