import type { Dashboard } from './dashboard.ts';
import { logs, loki, prom, stat, table, timeseries } from './panel.ts';
import { ERROR_ID, OF_SERVICE, SERVICE } from './variables.ts';

const BY_ID = '{obs_kind="error"} | error_id="$id"';
/** Grafana puts the cell's value in place of this. */
const CELL = ['$', '{__value.raw}'].join('');
const LOOK_UP = `/d/sonde-error-lookup?var-id=${CELL}&from=now-7d&to=now`;

/** Paste an ID, see everything. */
export const ERROR_LOOKUP: Dashboard = {
  uid: 'sonde-error-lookup',
  title: 'Sonde / Error look-up',
  description: 'Paste the error ID a user reads out.',
  from: 'now-7d',
  variables: [ERROR_ID],
  rows: [
    {
      title: 'What happened',
      panels: [
        table(
          'The record',
          [
            loki(
              `sum by (service_name, service_version, error_type, error_code, sonde_error_kind, sonde_error_public_message, sonde_error_fingerprint, trace_id) (count_over_time(${BY_ID} [$__range]))`,
            ),
          ],
          {
            height: 5,
            help: 'One row: the service and its release, the kind of error, what the user saw, the trace.',
            links: [
              {
                column: 'trace_id',
                title: 'Trace',
                url: `/explore?schemaVersion=1&panes={"a":{"datasource":"sonde-tempo","queries":[{"refId":"A","queryType":"traceql","query":"${CELL}"}]}}`,
              },
            ],
          },
        ),
        logs('Message, stack and context', BY_ID, { height: 14, help: 'Open the line for the running context: every attribute of the record.' }),
      ],
    },
    {
      title: 'Around it',
      panels: [
        {
          title: 'The trace',
          kind: 'table',
          width: 24,
          height: 8,
          help: 'The trace that holds the failed span.',
          queries: [{ source: 'tempo', expr: '{ span.error.id = "$id" }', queryType: 'traceql' }],
        },
        logs('Other lines of this moment with the same ID', '{service_name=~".+"} |= "$id"', { height: 8 }),
      ],
    },
    {
      title: 'The same bug elsewhere',
      panels: [
        timeseries(
          'Errors of the same fingerprints, 7 days',
          'short',
          [loki('sum by (sonde_error_fingerprint) (count_over_time({obs_kind="error"} [1h]))', '{{sonde_error_fingerprint}}')],
          { width: 24, stacked: true },
        ),
        table('First and last seen', [loki('sum by (sonde_error_fingerprint, error_type, service_version) (count_over_time({obs_kind="error"} [$__range]))')]),
      ],
    },
  ],
};

/** Errors by fingerprint and release. */
export const ERRORS: Dashboard = {
  uid: 'sonde-errors',
  title: 'Sonde / Errors',
  description: 'Errors by fingerprint, kind and release.',
  from: 'now-6h',
  variables: [SERVICE],
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Bugs in 5 minutes', 'short', prom(`sum(increase(errors_total{${OF_SERVICE}, kind="bug"}[5m]))`), { thresholds: [1, 10], width: 6 }),
        stat('Known errors in 5 minutes', 'short', prom(`sum(increase(errors_total{${OF_SERVICE}, kind="known"}[5m]))`), { width: 6 }),
        timeseries(
          'Errors a second by type',
          'ops',
          [prom(`sum by (error_type, kind) (rate(errors_total{${OF_SERVICE}}[$__rate_interval]))`, '{{kind}} {{error_type}}', { exemplar: true })],
          { width: 12, height: 4 },
        ),
      ],
    },
    {
      title: 'By fingerprint',
      panels: [
        table(
          'Fingerprints',
          [
            loki(
              'topk(50, sum by (sonde_error_fingerprint, error_type, sonde_error_kind, service_name, service_version) (count_over_time({obs_kind="error", service_name=~"$service"} [$__range])))',
            ),
          ],
          { height: 10 },
        ),
        timeseries(
          'By release',
          'short',
          [loki('sum by (service_version) (count_over_time({obs_kind="error", service_name=~"$service"} [$__auto]))', '{{service_version}}')],
          { stacked: true },
        ),
        timeseries('By boundary', 'ops', [prom(`sum by (boundary) (rate(errors_total{${OF_SERVICE}}[$__rate_interval]))`, '{{boundary}}')], { stacked: true }),
      ],
    },
    {
      title: 'Records',
      panels: [
        table(
          'Latest IDs',
          [loki('topk(100, sum by (error_id, error_type, service_name) (count_over_time({obs_kind="error", service_name=~"$service"} [$__range])))')],
          { links: [{ column: 'error_id', title: 'Look up', url: LOOK_UP }] },
        ),
        logs('Error records', '{obs_kind="error", service_name=~"$service"}'),
      ],
    },
  ],
};
