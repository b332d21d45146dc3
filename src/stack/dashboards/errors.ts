import type { Dashboard } from './dashboard.ts';
import { logs, loki, prom, stat, table, timeseries } from './panel.ts';
import { ENVIRONMENT, ERROR_ID, OF_SERVICE, SERVICE, TRACE_ID } from './variables.ts';

const BY_ID = '{obs_kind="error"} | error_id="$id"';
/** Grafana puts the cell's value in place of this. */
const CELL = ['$', '{__value.raw}'].join('');
const LOOK_UP = `/d/sonde-error-lookup?var-id=${CELL}&from=now-7d&to=now`;
const BY_FINGERPRINT = 'sonde_error_fingerprint';
/** Restricts what is on the left to the fingerprint of the error with this ID: Loki has no other way to look one thing up by another. */
const ofSameFingerprint = (window: string): string =>
  `and on (${BY_FINGERPRINT}) sum by (${BY_FINGERPRINT}) (count_over_time(${BY_ID} | keep ${BY_FINGERPRINT} ${window}))`;
const SAME = `{obs_kind="error"} | keep ${BY_FINGERPRINT}`;
const SEEN = `${SAME} | label_format at=\`{{ __timestamp__ | unixEpochMillis }}\` | unwrap at [7d]`;

/** Paste an ID, see everything. */
export const ERROR_LOOKUP: Dashboard = {
  uid: 'sonde-error-lookup',
  title: 'Sonde / Error look-up',
  description: 'Paste the error ID a user reads out.',
  from: 'now-7d',
  variables: [ERROR_ID, TRACE_ID],
  rows: [
    {
      title: 'What happened',
      panels: [
        table(
          'The record',
          [
            loki(
              `sum by (service_name, service_version, deployment_environment_name, error_type, error_code, sonde_error_kind, sonde_error_public_message, sonde_error_fingerprint, trace_id) (count_over_time(${BY_ID} [$__range]))`,
            ),
          ],
          {
            height: 5,
            help: 'One row: the service and its release, the kind of error, what the user saw. A click on the trace ID brings its spans and log lines below.',
            links: [
              {
                column: 'trace_id',
                title: 'Show the trace and its log lines below',
                url: `/d/sonde-error-lookup?var-id=$id&var-trace=${CELL}&from=now-7d&to=now`,
              },
              {
                column: 'trace_id',
                title: 'Open the trace in Explore',
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
          title: 'Traces that hold the failed span',
          kind: 'table',
          width: 24,
          height: 5,
          help: 'Tempo shows the last 30 seconds only by trace ID.',
          queries: [{ source: 'tempo', expr: '{ span.error.id = "$id" }' }],
        },
        {
          title: 'The trace',
          kind: 'traces',
          width: 24,
          height: 14,
          help: 'Click the trace ID in the record above.',
          queries: [{ source: 'tempo', expr: '$trace' }],
        },
        logs('Log lines of the trace', '{service_name=~".+"} | trace_id="$trace" | trace_id!=""', {
          height: 12,
          help: 'Click the trace ID in the record above.',
        }),
        logs('Other lines with the same ID', '{service_name=~".+", obs_kind!="error"} | error_id="$id"', { height: 6 }),
      ],
    },
    {
      title: 'The same bug elsewhere',
      panels: [
        table(
          'First and last seen, 7 days',
          [
            loki(`min by (${BY_FINGERPRINT}) (min_over_time(${SEEN})) ${ofSameFingerprint('[7d]')}`),
            loki(`max by (${BY_FINGERPRINT}) (max_over_time(${SEEN})) ${ofSameFingerprint('[7d]')}`),
            loki(`sum by (${BY_FINGERPRINT}) (count_over_time(${SAME} [7d])) ${ofSameFingerprint('[7d]')}`),
          ],
          {
            height: 5,
            columns: [
              { column: 'Value #A', title: 'First seen', unit: 'dateTimeAsIso' },
              { column: 'Value #B', title: 'Last seen', unit: 'dateTimeAsIso' },
              { column: 'Value #C', title: 'Errors' },
            ],
          },
        ),
        {
          title: 'Errors of the same fingerprint a day, 7 days',
          kind: 'bargauge',
          width: 24,
          height: 7,
          // Seven instant queries: in a query over a range the ID would be in sight only after the error.
          queries: [6, 5, 4, 3, 2, 1, 0].map((days) =>
            loki(
              `sum by (${BY_FINGERPRINT}) (count_over_time(${SAME} [1d]${days > 0 ? ` offset ${days}d` : ''})) ${ofSameFingerprint('[7d]')}`,
              days === 0 ? 'the last 24 h' : `${days} d before`,
              { instant: true },
            ),
          ),
        },
        table('By service and release, 7 days', [
          loki(
            `sum by (${BY_FINGERPRINT}, service_name, service_version) (count_over_time({obs_kind="error"} | keep ${BY_FINGERPRINT}, service_name, service_version [7d])) ${ofSameFingerprint('[7d]')}`,
          ),
        ]),
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
  variables: [SERVICE, ENVIRONMENT],
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
              `topk(50, sum by (sonde_error_fingerprint, error_type, sonde_error_kind, service_name, service_version) (count_over_time({obs_kind="error", ${OF_SERVICE}} [$__range])))`,
            ),
          ],
          { height: 10 },
        ),
        timeseries(
          'By release',
          'short',
          [loki(`sum by (service_version) (count_over_time({obs_kind="error", ${OF_SERVICE}} [$__auto]))`, '{{service_version}}')],
          { stacked: true },
        ),
        timeseries('By boundary', 'ops', [prom(`sum by (boundary) (rate(errors_total{${OF_SERVICE}}[$__rate_interval]))`, '{{boundary}}')], { stacked: true }),
      ],
    },
    {
      title: 'Records',
      panels: [
        table('Latest IDs', [loki(`topk(100, sum by (error_id, error_type, service_name) (count_over_time({obs_kind="error", ${OF_SERVICE}} [$__range])))`)], {
          links: [{ column: 'error_id', title: 'Look up', url: LOOK_UP }],
        }),
        logs('Error records', `{obs_kind="error", ${OF_SERVICE}}`),
      ],
    },
  ],
};
