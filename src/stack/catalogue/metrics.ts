/** What a metric of the stack is: dashboards and rules may use nothing that is not listed, and what the SDK lists it must emit. */
export interface MetricEntry {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Labels besides those of the resource ({@link RESOURCE_LABELS}). */
  readonly labels: readonly string[];
  readonly help: string;
  /** Emitted only after something that neither the example nor its test can do on purpose, or by some systems only; absent: the example emits it. */
  readonly onlyWhen?: string;
}

/** Labels that Prometheus gives every series of a service: promoted from its resource, or put there by the scrape. */
export const RESOURCE_LABELS: readonly string[] = [
  'service_name',
  'service_version',
  'service_instance_id',
  'deployment_environment_name',
  'host_name',
  'job',
  'instance',
];

const FUNCTION = ['function', 'module'];
const ROUTE = ['http_request_method', 'http_route'];
const counter = (name: string, labels: readonly string[], help: string, onlyWhen?: string): MetricEntry => entry('counter', name, labels, help, onlyWhen);
const gauge = (name: string, labels: readonly string[], help: string, onlyWhen?: string): MetricEntry => entry('gauge', name, labels, help, onlyWhen);
const histogram = (name: string, labels: readonly string[], help: string, onlyWhen?: string): MetricEntry => entry('histogram', name, labels, help, onlyWhen);

function entry(type: MetricEntry['type'], name: string, labels: readonly string[], help: string, onlyWhen: string | undefined): MetricEntry {
  return { name, type, labels, help, ...(onlyWhen === undefined ? {} : { onlyWhen }) };
}

/** The metrics of the SDK, under the names that `/metrics` serves. */
export const SDK_METRICS: readonly MetricEntry[] = [
  counter('function_calls_total', [...FUNCTION, 'result', 'caller_function', 'caller_module'], 'Calls of a traced function'),
  histogram('function_calls_duration_seconds', FUNCTION, 'Time of a call'),
  gauge('function_calls_concurrent', FUNCTION, 'Calls under way'),
  gauge('sonde_slo_objective_ratio', FUNCTION, 'Share of calls that must not fail'),
  gauge('sonde_slo_latency_seconds', FUNCTION, 'Latency that 99 % of the calls must keep'),
  gauge('sonde_slo_route_objective_ratio', ROUTE, 'Share of requests that must not fail'),
  gauge('sonde_slo_route_latency_seconds', ROUTE, 'Latency that 99 % of the requests must keep'),
  counter('errors_total', ['error_type', 'kind', 'boundary'], 'Errors reported'),
  histogram(
    'http_server_request_duration_seconds',
    ['http_request_method', 'http_response_status_code', 'http_route', 'url_scheme', 'error_type'],
    'Time of a request served',
  ),
  histogram(
    'http_client_request_duration_seconds',
    ['http_request_method', 'http_response_status_code', 'server_address', 'server_port', 'error_type'],
    'Time of a request sent',
  ),
  gauge('nodejs_eventloop_delay_p99_seconds', [], 'Event-loop delay, 99th percentile'),
  gauge('nodejs_eventloop_utilization_ratio', [], 'Share of time the event loop was busy'),
  gauge('v8js_memory_heap_used_bytes', ['v8js_heap_space_name'], 'Heap in use'),
  gauge('v8js_memory_heap_limit_bytes', ['v8js_heap_space_name'], 'Heap reserved'),
  gauge('v8js_heap_size_limit_bytes', [], 'What the heap may grow to'),
  histogram('v8js_gc_duration_seconds', ['v8js_gc_type'], 'Time in garbage collection'),
  gauge('process_start_time_seconds', [], 'When the process started'),
  counter('process_cpu_seconds_total', [], 'CPU time of the process'),
  gauge('process_resident_memory_bytes', [], 'Resident memory of the process'),
  counter('process_runnable_wait_seconds_total', [], 'Time the main thread waited for a processor', 'the system tells it (Linux)'),
  counter('process_disk_io_bytes_total', ['disk_io_direction'], 'Bytes to and from a disk', 'the system tells it (Linux)'),
  counter('process_network_io_bytes_total', ['network_io_direction'], 'Bytes over the network interfaces', 'the system tells it (Linux)'),
  gauge('sonde_resource_pressure_ratio', ['resource'], 'How near processor, memory, disk and network are to limiting the process; 1: it does'),
  gauge('sonde_handles_open', ['type'], 'Open handles'),
  gauge('sonde_leaks_suspected', ['type', 'source'], 'What only grows', 'something has only grown for an hour or more'),
  gauge('sonde_heartbeat_age_seconds', ['name'], 'Time since a heartbeat last beat'),
  gauge('sonde_log_level_override_active', ['logger'], 'A level lease is running'),
  counter('sonde_telemetry_records_total', ['signal', 'outcome', 'reason'], 'The ledger'),
  histogram('resilience4j_circuitbreaker_calls_seconds', ['name', 'kind'], 'Calls through a breaker'),
  gauge('resilience4j_circuitbreaker_state', ['name', 'state'], 'State of a breaker: 1 for the one it is in'),
  counter('resilience4j_circuitbreaker_not_permitted_calls_total', ['name', 'kind'], 'Calls a breaker refused'),
  gauge('resilience4j_circuitbreaker_failure_rate', ['name'], 'Failed calls in percent; -1: too few calls'),
  gauge('resilience4j_circuitbreaker_slow_call_rate', ['name'], 'Slow calls in percent; -1: too few calls'),
  gauge('resilience4j_circuitbreaker_buffered_calls', ['name', 'kind'], 'Calls that the rates are taken of'),
  counter('resilience4j_circuitbreaker_transitions_total', ['name', 'state'], 'Changes to a state'),
  counter('resilience4j_circuitbreaker_open_seconds_total', ['name'], 'Time a breaker was open'),
  counter('resilience4j_retry_calls_total', ['name', 'kind'], 'Calls with retries'),
  counter('sonde_retry_refused_total', ['name'], 'Attempts that the retry budget did not allow'),
  counter('resilience4j_timelimiter_calls_total', ['name', 'kind'], 'Calls with a time limit'),
  gauge('resilience4j_bulkhead_available_concurrent_calls', ['name'], 'Places left'),
  gauge('resilience4j_bulkhead_max_allowed_concurrent_calls', ['name'], 'Places'),
  histogram('resilience4j_bulkhead_wait_seconds', ['name'], 'Time calls waited for a place'),
  counter('resilience4j_bulkhead_refused_calls_total', ['name'], 'Calls a bulkhead refused'),
  gauge('resilience4j_ratelimiter_available_permissions', ['name'], 'Permissions left'),
  gauge('resilience4j_ratelimiter_waiting_threads', ['name'], 'Calls that wait for a permission'),
  histogram('resilience4j_ratelimiter_wait_seconds', ['name'], 'Time calls waited for a permission'),
  counter('resilience4j_ratelimiter_refused_calls_total', ['name'], 'Calls a rate limit refused'),
  counter('sonde_hedge_calls_total', ['name', 'kind'], 'Hedged calls'),
  counter('sonde_hedge_extra_attempts_total', ['name'], 'Attempts beyond the first of a hedged call'),
  counter('sonde_hedge_refused_attempts_total', ['name'], 'Further attempts that the hedge budget did not allow'),
  counter('sonde_fallback_calls_total', ['name', 'kind'], 'Calls with a fallback'),
  counter('sonde_cache_calls_total', ['name', 'kind'], 'Calls with a cache'),
  gauge('sonde_cache_entries', ['name'], 'Entries of a cache'),
];

/** Metrics of the servers of the stack, as their versions in docker-compose.yml name them. */
export const SERVER_METRICS: readonly MetricEntry[] = [
  gauge('up', [], 'Whether a scrape succeeded'),
  gauge('ALERTS', ['alertname', 'alertstate', 'severity'], 'Alerts that are pending or firing'),
  counter('otelcol_process_uptime_seconds_total', [], 'Uptime of the collector'),
  gauge('otelcol_process_memory_rss_bytes', [], 'Resident memory of the collector'),
  gauge('otelcol_exporter_queue_size', ['exporter', 'data_type'], 'Queue in front of a backend'),
  gauge('otelcol_exporter_queue_capacity', ['exporter', 'data_type'], 'Its capacity'),
  ...['spans', 'log_records', 'metric_points'].flatMap((items) => [
    counter(`otelcol_exporter_sent_${items}_total`, ['exporter'], `${items} delivered`),
    counter(`otelcol_exporter_send_failed_${items}_total`, ['exporter'], `${items} that failed for good`, 'a backend refuses'),
    counter(`otelcol_receiver_accepted_${items}_total`, ['receiver', 'transport'], `${items} taken`),
    counter(`otelcol_receiver_refused_${items}_total`, ['receiver', 'transport'], `${items} refused`),
  ]),
  counter('loki_distributor_lines_received_total', ['tenant'], 'Lines that Loki took'),
  counter('tempo_distributor_spans_received_total', ['tenant'], 'Spans that Tempo took'),
  counter('prometheus_tsdb_head_samples_appended_total', ['type'], 'Samples that Prometheus took'),
  counter('loki_discarded_samples_total', ['reason', 'tenant'], 'Lines refused for good', 'a limit is passed'),
  counter('tempo_discarded_spans_total', ['reason', 'tenant'], 'Spans refused for good', 'a limit is passed'),
  counter('alertmanager_notifications_failed_total', ['integration', 'reason'], 'Notifications that failed'),
  counter('prometheus_rule_evaluation_failures_total', ['rule_group'], 'Rules that could not be evaluated'),
  counter('loki_prometheus_rule_evaluation_failures_total', ['rule_group', 'user'], 'Rules of Loki that could not be evaluated'),
];
