import type { AlertGroup } from './alert.ts';

const SERVICE = 'service_name="checkout",deployment_environment_name="production"';

/** What users meet: errors, crashes, silence. */
export const ERROR_ALERTS: AlertGroup = {
  name: 'sonde-errors',
  title: 'Errors and crashes',
  alerts: [
    {
      name: 'ErrorSpike',
      severity: 'page',
      language: 'promql',
      expr: 'sum by (service_name, deployment_environment_name) (rate(errors_total{kind="bug"}[5m])) > 3 * (sum by (service_name, deployment_environment_name) (rate(errors_total{kind="bug"}[1h] offset 10m)) or 0 * sum by (service_name, deployment_environment_name) (rate(errors_total{kind="bug"}[5m]))) and sum by (service_name, deployment_environment_name) (increase(errors_total{kind="bug"}[5m])) > 10',
      for: '2m',
      summary: '{{ $labels.service_name }} meets {{ $value | humanize }} bugs a second, more than three times as many as in the hour before',
      description: 'More than ten unexpected errors in five minutes, and over three times the rate of the hour before.',
      dashboard: 'sonde-errors',
      runbook: {
        meaning: 'Something that worked an hour ago does not: users read out error IDs.',
        check: [
          'Open "Errors by fingerprint": is it one fingerprint or many, is it new, which release.',
          '`sonde errors --group --since 1h`, then `sonde error <id>` for one of the largest group.',
        ],
        mend: [
          'One new fingerprint in a new release: roll back.',
          'Many fingerprints with one cause in their chain: the cause is a dependency; see its breaker and its own alerts.',
        ],
      },
      test: {
        fires: {
          at: '80m',
          series: { [`errors_total{${SERVICE},kind="bug",error_type="TypeError",boundary=""}`]: '0+0x70 0+60x20' },
          labels: { service_name: 'checkout', deployment_environment_name: 'production' },
        },
        silent: { at: '80m', series: { [`errors_total{${SERVICE},kind="bug",error_type="TypeError",boundary=""}`]: '0+1x100' } },
      },
    },
    {
      name: 'NewErrorFingerprint',
      severity: 'ticket',
      language: 'logql',
      expr: 'sum by (service_name, deployment_environment_name, sonde_error_fingerprint, error_type) (count_over_time({obs_kind="error"} | sonde_error_kind="bug" | keep service_name, deployment_environment_name, sonde_error_fingerprint, error_type [10m])) unless sum by (service_name, deployment_environment_name, sonde_error_fingerprint, error_type) (count_over_time({obs_kind="error"} | sonde_error_kind="bug" | keep service_name, deployment_environment_name, sonde_error_fingerprint, error_type [7d] offset 10m))',
      for: '0m',
      summary: '{{ $labels.service_name }}: a bug nobody saw in the last 7 days: {{ $labels.error_type }} ({{ $labels.sonde_error_fingerprint }})',
      description: 'A fingerprint that occurred in the last ten minutes and not in the seven days before.',
      dashboard: 'sonde-errors',
      runbook: {
        meaning: 'A failure of a kind that was not there before: most often a release, a new kind of input or a changed dependency.',
        check: [
          'Open the fingerprint on "Errors by fingerprint": first seen, release, route.',
          'Run `sonde error <id>` for its first occurrence: stack, context, the trace.',
        ],
        mend: ['Fix it, or declare it with `defineError` when it is a known edge case; then it counts as `kind="known"` and no longer alerts.'],
      },
      test: {
        fires: {
          at: '0s',
          logs: [
            {
              ageSeconds: 30,
              body: 'boom\nTypeError: boom',
              attributes: {
                obs_kind: 'error',
                'exception.type': 'TypeError',
                'error.type': 'TypeError',
                'sonde.error.kind': 'bug',
                'sonde.error.fingerprint': 'v1:0000000000000001',
              },
            },
          ],
          labels: { service_name: 'checkout', error_type: 'TypeError', sonde_error_fingerprint: 'v1:0000000000000001' },
        },
        silent: {
          at: '0s',
          logs: [
            {
              ageSeconds: 30,
              body: 'boom',
              attributes: {
                'exception.type': 'TypeError',
                'error.type': 'TypeError',
                'sonde.error.kind': 'bug',
                'sonde.error.fingerprint': 'v1:0000000000000002',
              },
            },
            {
              ageSeconds: 3_600,
              body: 'boom',
              attributes: {
                'exception.type': 'TypeError',
                'error.type': 'TypeError',
                'sonde.error.kind': 'bug',
                'sonde.error.fingerprint': 'v1:0000000000000002',
              },
            },
          ],
        },
      },
    },
    {
      name: 'FatalError',
      severity: 'page',
      language: 'logql',
      expr: 'sum by (service_name, deployment_environment_name, error_type) (count_over_time({obs_kind="error"} | severity_number="21" | keep service_name, deployment_environment_name, error_type [5m])) > 0',
      for: '0m',
      summary: '{{ $labels.service_name }} died of {{ $labels.error_type }}',
      description: 'A process ended by an uncaught exception or an unhandled rejection in the last five minutes.',
      dashboard: 'sonde-errors',
      runbook: {
        meaning: 'A process ended; requests that it served were cut off.',
        check: ['`sonde errors --since 10m --level fatal`, then `sonde error <id>`.', 'Did it come back? See CrashLoop.'],
        mend: ['Handle the rejection where it arises; a boundary at the edge of the module gives it a code.'],
      },
      test: {
        fires: {
          at: '0s',
          logs: [{ ageSeconds: 20, body: 'out', attributes: { 'exception.type': 'Error', 'error.type': 'Error', severity_number: '21' } }],
          labels: { service_name: 'checkout', error_type: 'Error' },
        },
        silent: { at: '0s', logs: [{ ageSeconds: 20, body: 'out', attributes: { 'exception.type': 'Error', 'error.type': 'Error', severity_number: '17' } }] },
      },
    },
    {
      name: 'CrashLoop',
      severity: 'page',
      language: 'promql',
      expr: 'sum by (service_name, deployment_environment_name) (changes(process_start_time_seconds[15m])) > 3',
      for: '0m',
      summary: '{{ $labels.service_name }} started {{ $value }} times in 15 minutes',
      description: 'The start time of a process of this service changed more than three times in a quarter of an hour.',
      dashboard: 'sonde-service',
      runbook: {
        meaning: 'The service dies soon after it starts; it serves little or nothing.',
        check: ['`sonde errors --since 30m --level fatal`: the last error of each life.', 'Exit code and memory limit of the container.'],
        mend: ['Roll back, or raise the memory limit when the heap is what ends it (see HeapNearLimit).'],
      },
      test: {
        fires: {
          at: '15m',
          series: { [`process_start_time_seconds{${SERVICE}}`]: '100 100 200 200 300 300 400 400 500 500 600 600 700 700 800 800' },
          labels: { service_name: 'checkout', deployment_environment_name: 'production' },
        },
        silent: { at: '15m', series: { [`process_start_time_seconds{${SERVICE}}`]: '100x8 200x8' } },
      },
    },
    {
      name: 'ServiceSilent',
      severity: 'page',
      language: 'promql',
      expr: 'group by (service_name, deployment_environment_name) (last_over_time(process_start_time_seconds[1h])) unless group by (service_name, deployment_environment_name) (last_over_time(process_start_time_seconds[5m]))',
      for: '1m',
      summary: '{{ $labels.service_name }} sends nothing any more',
      description: 'A service that sent metrics within the last hour has sent none for five minutes.',
      dashboard: 'sonde-service',
      runbook: {
        meaning: 'The service is down, cut off, or its telemetry is.',
        check: ['Is it up? Ask its `/healthz`.', 'Is it telemetry? `sonde ledger --url <admin>` shows spooled records when the collector cannot be reached.'],
        mend: ['Start it; or mend the way to the collector: the spool is delivered by itself.'],
      },
      test: {
        fires: {
          at: '30m',
          series: { [`process_start_time_seconds{${SERVICE}}`]: '100x10 _x30' },
          labels: { service_name: 'checkout', deployment_environment_name: 'production' },
        },
        silent: { at: '30m', series: { [`process_start_time_seconds{${SERVICE}}`]: '100x40' } },
      },
    },
    {
      name: 'HttpServerErrors',
      severity: 'page',
      language: 'promql',
      expr: 'sum by (service_name, deployment_environment_name, http_route) (rate(http_server_request_duration_seconds_count{http_response_status_code=~"5.."}[5m])) / sum by (service_name, deployment_environment_name, http_route) (rate(http_server_request_duration_seconds_count[5m])) > 0.05 and sum by (service_name, deployment_environment_name, http_route) (increase(http_server_request_duration_seconds_count{http_response_status_code=~"5.."}[5m])) > 5',
      for: '5m',
      summary: '{{ $labels.http_route }} of {{ $labels.service_name }} answers {{ $value | humanizePercentage }} of its requests with 5xx',
      description: 'More than one request in twenty of this route failed on the server, over five minutes.',
      dashboard: 'sonde-service',
      runbook: {
        meaning: 'Users of this route are turned away.',
        check: ['Service dashboard, this route: since when, which status.', 'An exemplar leads to a failed trace; its error ID to the stack.'],
        mend: ['Roll back; or degrade the route with `fallback`.'],
      },
      test: {
        fires: {
          at: '20m',
          series: {
            [`http_server_request_duration_seconds_count{${SERVICE},http_route="/orders",http_response_status_code="500"}`]: '0+10x30',
            [`http_server_request_duration_seconds_count{${SERVICE},http_route="/orders",http_response_status_code="200"}`]: '0+90x30',
          },
          labels: { service_name: 'checkout', deployment_environment_name: 'production', http_route: '/orders' },
        },
        silent: {
          at: '20m',
          series: {
            [`http_server_request_duration_seconds_count{${SERVICE},http_route="/orders",http_response_status_code="500"}`]: '0+1x30',
            [`http_server_request_duration_seconds_count{${SERVICE},http_route="/orders",http_response_status_code="200"}`]: '0+990x30',
          },
        },
      },
    },
    {
      name: 'HttpServerLatency',
      severity: 'ticket',
      language: 'promql',
      expr: 'histogram_quantile(0.99, sum by (le, service_name, deployment_environment_name, http_route) (rate(http_server_request_duration_seconds_bucket[10m]))) > 2.5',
      for: '10m',
      summary: 'p99 of {{ $labels.http_route }} of {{ $labels.service_name }} is {{ $value | humanizeDuration }}',
      description: 'One request in a hundred of this route takes longer than 2.5 seconds.',
      dashboard: 'sonde-service',
      runbook: {
        meaning: 'Users wait long enough to give up.',
        check: ['Follow an exemplar to its trace.', 'Compare event-loop delay of the process.'],
        mend: ['Set or lower timeouts of dependencies; profile the process when it is its own CPU.'],
      },
      test: {
        fires: {
          at: '40m',
          series: {
            [`http_server_request_duration_seconds_bucket{${SERVICE},http_route="/orders",le="1"}`]: '0+50x60',
            [`http_server_request_duration_seconds_bucket{${SERVICE},http_route="/orders",le="5"}`]: '0+100x60',
            [`http_server_request_duration_seconds_bucket{${SERVICE},http_route="/orders",le="+Inf"}`]: '0+100x60',
          },
          labels: { service_name: 'checkout', deployment_environment_name: 'production', http_route: '/orders' },
        },
        silent: {
          at: '40m',
          series: {
            [`http_server_request_duration_seconds_bucket{${SERVICE},http_route="/orders",le="1"}`]: '0+100x60',
            [`http_server_request_duration_seconds_bucket{${SERVICE},http_route="/orders",le="5"}`]: '0+100x60',
            [`http_server_request_duration_seconds_bucket{${SERVICE},http_route="/orders",le="+Inf"}`]: '0+100x60',
          },
        },
      },
    },
  ],
};
