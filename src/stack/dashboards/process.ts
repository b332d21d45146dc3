import type { Dashboard } from './dashboard.ts';
import { logs, prom, stat, table, timeseries } from './panel.ts';
import { ENVIRONMENT, LOGGER, OF_SERVICE, SERVICE } from './variables.ts';

/** The Node runtime and which of the four bottlenecks it is. */
export const RUNTIME: Dashboard = {
  uid: 'sonde-runtime',
  title: 'Sonde / Runtime',
  description: 'Event loop, memory, garbage collection and the four bottlenecks of a process: CPU, memory, disk, network.',
  from: 'now-1h',
  variables: [SERVICE, ENVIRONMENT],
  rows: [
    {
      title: 'The four bottlenecks',
      panels: [
        timeseries(
          'How near each resource is to limiting (1: it does)',
          'short',
          [prom(`max by (service_name, resource) (sonde_resource_pressure_ratio{${OF_SERVICE}})`, '{{service_name}} {{resource}}')],
          { width: 24, thresholds: [0.8, 1] },
        ),
        timeseries(
          'CPU: cores in use',
          'short',
          [prom(`sum by (service_name) (rate(process_cpu_seconds_total{${OF_SERVICE}}[$__rate_interval]))`, '{{service_name}}')],
          { width: 6 },
        ),
        timeseries(
          'Memory: heap in use of the limit',
          'percentunit',
          [
            prom(
              `sum by (service_name) (v8js_memory_heap_used_bytes{${OF_SERVICE}}) / sum by (service_name) (v8js_heap_size_limit_bytes{${OF_SERVICE}})`,
              '{{service_name}}',
            ),
          ],
          { width: 6, max: 1, thresholds: [0.8, 0.9] },
        ),
        timeseries('Event loop: delay p99', 's', [prom(`max by (service_name) (nodejs_eventloop_delay_p99_seconds{${OF_SERVICE}})`, '{{service_name}}')], {
          width: 6,
          thresholds: [0.05, 0.2],
        }),
        timeseries('Event loop: busy', 'percentunit', [prom(`max by (service_name) (nodejs_eventloop_utilization_ratio{${OF_SERVICE}})`, '{{service_name}}')], {
          width: 6,
          max: 1,
          thresholds: [0.8, 0.95],
        }),
      ],
    },
    {
      title: 'Processor, disk and network',
      panels: [
        timeseries(
          'Share of time waiting for a processor',
          'percentunit',
          [prom(`max by (service_name) (rate(process_runnable_wait_seconds_total{${OF_SERVICE}}[$__rate_interval]))`, '{{service_name}}')],
          { width: 8, thresholds: [0.1, 0.2] },
        ),
        timeseries(
          'Disk',
          'Bps',
          [
            prom(
              `sum by (service_name, disk_io_direction) (rate(process_disk_io_bytes_total{${OF_SERVICE}}[$__rate_interval]))`,
              '{{service_name}} {{disk_io_direction}}',
            ),
          ],
          { width: 8 },
        ),
        timeseries(
          'Network',
          'Bps',
          [
            prom(
              `sum by (service_name, network_io_direction) (rate(process_network_io_bytes_total{${OF_SERVICE}}[$__rate_interval]))`,
              '{{service_name}} {{network_io_direction}}',
            ),
          ],
          { width: 8 },
        ),
      ],
    },
    {
      title: 'Memory',
      panels: [
        timeseries('Heap by space', 'bytes', [prom(`sum by (v8js_heap_space_name) (v8js_memory_heap_used_bytes{${OF_SERVICE}})`, '{{v8js_heap_space_name}}')], {
          stacked: true,
        }),
        timeseries('Resident', 'bytes', [prom(`sum by (service_name) (process_resident_memory_bytes{${OF_SERVICE}})`, '{{service_name}}')]),
        timeseries(
          'Share of time in garbage collection',
          'percentunit',
          [prom(`sum by (v8js_gc_type) (rate(v8js_gc_duration_seconds_sum{${OF_SERVICE}}[$__rate_interval]))`, '{{v8js_gc_type}}')],
          { width: 24, stacked: true },
        ),
      ],
    },
  ],
};

/** What a process holds open, and what should beat. */
export const HANDLES: Dashboard = {
  uid: 'sonde-handles',
  title: 'Sonde / Handles and heartbeats',
  description: 'Open handles by type, and the age of heartbeats.',
  from: 'now-6h',
  variables: [SERVICE, ENVIRONMENT],
  rows: [
    {
      title: 'Handles',
      panels: [
        timeseries('Open, by type', 'short', [prom(`sum by (type) (sonde_handles_open{${OF_SERVICE}})`, '{{type}}')], { stacked: true }),
        timeseries('Growth an hour, by type', 'short', [prom(`sum by (type) (deriv(sonde_handles_open{${OF_SERVICE}}[30m])) * 3600`, '{{type}}')]),
        table('Suspected leaks', [prom(`sum by (service_name, type, source) (sonde_leaks_suspected{${OF_SERVICE}}) > 0`)], { height: 6 }),
      ],
    },
    {
      title: 'Heartbeats',
      panels: [
        timeseries(
          'Time since the last beat',
          's',
          [prom(`max by (service_name, name) (sonde_heartbeat_age_seconds{${OF_SERVICE}})`, '{{service_name}} {{name}}')],
          { width: 24, thresholds: [30, 60] },
        ),
      ],
    },
  ],
};

/** Log volume, levels that were changed. */
export const LOGS: Dashboard = {
  uid: 'sonde-logs',
  title: 'Sonde / Logs and levels',
  description: 'Log lines by level and logger; level leases and who set them.',
  from: 'now-1h',
  variables: [SERVICE, ENVIRONMENT, LOGGER],
  rows: [
    {
      title: 'Levels changed at run time',
      panels: [
        stat('Leases running', 'short', prom(`sum(sonde_log_level_override_active{${OF_SERVICE}}) or vector(0)`), { thresholds: [1, 5], width: 6 }),
        logs('Who changed what', `{obs_kind="audit", ${OF_SERVICE}}`, { width: 18, height: 6 }),
      ],
    },
    {
      title: 'Lines',
      panels: [
        timeseries(
          'Lines a second by level',
          'ops',
          [{ source: 'loki', expr: `sum by (severity_text) (rate({${OF_SERVICE}} [$__auto]))`, legend: '{{severity_text}}' }],
          { width: 24, stacked: true },
        ),
        logs('Lines', `{${OF_SERVICE}} | scope_name=~"$logger"`, { height: 16 }),
      ],
    },
  ],
};

/** The ledger, end to end. */
export const LEDGER: Dashboard = {
  uid: 'sonde-ledger',
  title: 'Sonde / Telemetry ledger',
  description: 'What was produced, and what became of it, from the process to the backends.',
  from: 'now-3h',
  variables: [SERVICE, ENVIRONMENT],
  rows: [
    {
      title: 'In the services',
      panels: [
        timeseries('Records a second by outcome', 'ops', [
          prom(`sum by (signal, outcome) (rate(sonde_telemetry_records_total{${OF_SERVICE}}[$__rate_interval]))`, '{{signal}} {{outcome}}'),
        ]),
        timeseries('Dropped a second by reason', 'ops', [
          prom(`sum by (signal, reason) (rate(sonde_telemetry_records_total{${OF_SERVICE}, outcome="dropped"}[$__rate_interval]))`, '{{signal}} {{reason}}'),
        ]),
        table('Totals', [prom(`sum by (service_name, signal, outcome, reason) (sonde_telemetry_records_total{${OF_SERVICE}})`)]),
      ],
    },
    {
      title: 'In the collector',
      panels: [
        timeseries('Taken and refused', 'ops', [
          prom('sum(rate(otelcol_receiver_accepted_spans_total[$__rate_interval]))', 'spans taken'),
          prom('sum(rate(otelcol_receiver_accepted_log_records_total[$__rate_interval]))', 'logs taken'),
          prom('sum(rate(otelcol_receiver_refused_spans_total[$__rate_interval]))', 'spans refused'),
        ]),
        timeseries('Sent and failed, by exporter', 'ops', [
          prom('sum by (exporter) (rate({__name__=~"otelcol_exporter_sent_(spans|log_records)_total"}[$__rate_interval]))', 'sent {{exporter}}'),
          prom('sum by (exporter) (rate({__name__=~"otelcol_exporter_send_failed_(spans|log_records)_total"}[$__rate_interval]))', 'failed {{exporter}}'),
        ]),
        timeseries(
          'Log records taken and not sent on: in the queue, or lost',
          'short',
          [
            prom(
              'sum(otelcol_receiver_accepted_log_records_total) - sum(otelcol_exporter_sent_log_records_total{exporter="otlp_http/loki"})',
              'taken, not in Loki',
            ),
          ],
          { width: 24 },
        ),
      ],
    },
    {
      title: 'In the backends',
      panels: [
        timeseries('Taken a second', 'ops', [
          prom('sum(rate(loki_distributor_lines_received_total[$__rate_interval]))', 'lines in Loki'),
          prom('sum(rate(tempo_distributor_spans_received_total[$__rate_interval]))', 'spans in Tempo'),
          prom('sum(rate(prometheus_tsdb_head_samples_appended_total[$__rate_interval]))', 'samples in Prometheus'),
        ]),
        timeseries('Refused for good a second', 'ops', [
          prom('sum by (reason) (rate(loki_discarded_samples_total[$__rate_interval]))', 'Loki {{reason}}'),
          prom('sum by (reason) (rate(tempo_discarded_spans_total[$__rate_interval]))', 'Tempo {{reason}}'),
        ]),
      ],
    },
  ],
};

/** Health of the collector and the servers behind it. */
export const STACK: Dashboard = {
  uid: 'sonde-stack',
  title: 'Sonde / Collector and stack',
  description: 'Health of the collector, Prometheus, Loki, Tempo and Alertmanager.',
  from: 'now-3h',
  variables: [],
  rows: [
    {
      title: 'Servers',
      panels: [
        table('Up', [prom('up')], { width: 8, height: 7 }),
        timeseries(
          'Queues of the collector',
          'percentunit',
          [prom('max by (exporter) (otelcol_exporter_queue_size / otelcol_exporter_queue_capacity)', '{{exporter}}')],
          { width: 8, height: 7, max: 1, thresholds: [0.5, 0.9] },
        ),
        timeseries('Memory of the collector', 'bytes', [prom('max(otelcol_process_memory_rss_bytes)', 'resident')], { width: 8, height: 7 }),
        timeseries(
          'Memory of the servers',
          'bytes',
          [prom('max by (job) (process_resident_memory_bytes{job=~"prometheus|loki|tempo|alertmanager|grafana"})', '{{job}}')],
          { width: 24, height: 7 },
        ),
      ],
    },
    {
      title: 'Refused for good',
      panels: [
        timeseries('Loki discards a second', 'ops', [prom('sum by (reason) (rate(loki_discarded_samples_total[$__rate_interval]))', '{{reason}}')]),
        timeseries('Tempo discards a second', 'ops', [prom('sum by (reason) (rate(tempo_discarded_spans_total[$__rate_interval]))', '{{reason}}')]),
      ],
    },
    {
      title: 'Alerting',
      panels: [
        table('Firing', [prom('ALERTS{alertstate="firing"}')], { width: 12 }),
        timeseries(
          'Notifications failed a second',
          'ops',
          [prom('sum by (integration) (rate(alertmanager_notifications_failed_total[$__rate_interval]))', '{{integration}}')],
          { height: 9 },
        ),
      ],
    },
  ],
};
