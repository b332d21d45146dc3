import type { AlertGroup } from './alert.ts';
import { simple } from './simple.ts';

const SERVICE = 'service_name="checkout",deployment_environment_name="production"';
const labels = { service_name: 'checkout', deployment_environment_name: 'production' };

/** What the wrappers of dependencies and of the service itself refuse for longer than a moment. */
export const RESILIENCE_ALERTS: AlertGroup = {
  name: 'sonde-resilience',
  title: 'Resilience',
  alerts: [
    simple({
      name: 'BreakerOpen',
      severity: 'ticket',
      expr: 'max by (service_name, deployment_environment_name, name) (resilience4j_circuitbreaker_state{state!="closed"}) == 1',
      for: '2m',
      summary: 'The breaker "{{ $labels.name }}" of {{ $labels.service_name }} is not closed',
      description: 'A breaker has not been closed for two minutes: calls are refused, but for those that try whether the dependency answers again.',
      dashboard: 'sonde-resilience',
      runbook: {
        meaning: 'A dependency fails; callers get a refusal or a fallback at once.',
        check: ['The errors that opened it: resilience dashboard, then their fingerprints.', 'The health of the dependency itself.'],
        mend: ['It closes by itself when the dependency answers again and calls come; one in the state `forced_open` was opened by the program, and stays so.'],
      },
      series: `resilience4j_circuitbreaker_state{${SERVICE},name="payments",state="open"}`,
      fires: '1x60',
      silent: '0x28 1x30', // for a minute
      labels: { ...labels, name: 'payments' },
    }),
    simple({
      name: 'BulkheadRefusing',
      severity: 'ticket',
      expr: 'sum by (service_name, deployment_environment_name, name) (rate(resilience4j_bulkhead_refused_calls_total[5m])) > 0',
      for: '10m',
      summary: 'The bulkhead "{{ $labels.name }}" of {{ $labels.service_name }} refuses {{ $value | humanize }} calls a second',
      description: 'For ten minutes, calls found all places taken and the queue full.',
      dashboard: 'sonde-resilience',
      runbook: {
        meaning: 'More calls come than what is behind the bulkhead can take at once; those that are refused answer 503.',
        check: [
          'Did the calls become more, or slower: p95 of the function behind it on the dashboard of functions.',
          'What the calls in it wait for: `/debug/traces`, active spans.',
        ],
        mend: ['Mend what has become slow, or add instances; more places only where the dependency has room for them.'],
      },
      series: `resilience4j_bulkhead_refused_calls_total{${SERVICE},name="payments"}`,
      fires: '0+30x60',
      silent: '0x25 90x35', // for a moment
      labels: { ...labels, name: 'payments' },
    }),
    simple({
      name: 'RateLimitRefusing',
      severity: 'info',
      expr: 'sum by (service_name, deployment_environment_name, name) (rate(resilience4j_ratelimiter_refused_calls_total[5m])) > 0',
      for: '30m',
      summary: 'The rate limit "{{ $labels.name }}" of {{ $labels.service_name }} refuses {{ $value | humanize }} calls a second',
      description: 'For half an hour, calls have been over the limit that was set for them.',
      dashboard: 'sonde-resilience',
      runbook: {
        meaning: 'Somebody calls more often than was agreed, or the limit no longer fits the traffic. Refused calls answer 429.',
        check: ['Who: the attributes of the errors with the code `sonde/rate-limited`.', 'Has the traffic as a whole grown: the dashboard of the service.'],
        mend: ['Talk to the caller; raise the limit where the service has room for more.'],
      },
      series: `resilience4j_ratelimiter_refused_calls_total{${SERVICE},name="orders"}`,
      fires: '0+30x120',
      silent: '0x40 30+30x80', // for twenty minutes
      labels: { ...labels, name: 'orders' },
      at: '60m',
    }),
  ],
};
