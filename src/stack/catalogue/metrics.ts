/** What a metric of the stack is: dashboards and rules may use nothing that is not listed, and what the SDK lists it must emit. */
export interface MetricEntry {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info';
  /** Labels besides those of the resource ({@link RESOURCE_LABELS}). */
  readonly labels: readonly string[];
  /** Who emits it. */
  readonly from: 'sdk' | 'collector' | 'span_metrics' | 'prometheus' | 'alertmanager' | 'loki' | 'tempo' | 'rule';
  readonly help: string;
  /** Emitted only after something happened that the example does not do (a breaker, a leak); then verified by type and labels alone. */
  readonly onlyWhen?: string;
}

/** Labels that Prometheus gives every series of a service: promoted from its resource, or put there by the scrape. */
export const RESOURCE_LABELS: readonly string[] = ['service_name', 'service_version', 'service_instance_id', 'deployment_environment_name', 'host_name', 'job', 'instance'];

const FUNCTION = ['function', 'module'] as const;

/** The metrics of the SDK, under the names that `/metrics` serves. */
export const SDK_METRICS: readonly MetricEntry[] = [
  { name: 'function_calls_total', type: 'counter', labels: [...FUNCTION, 'result', 'caller_function', 'caller_module'], from: 'sdk', help: 'Calls of a traced function' },
  { name: 'function_calls_duration_seconds', type: 'histogram', labels: [...FUNCTION], from: 'sdk', help: 'Time of a call' },
  { name: 'function_calls_concurrent', type: 'gauge', labels: [...FUNCTION], from: 'sdk', help: 'Calls under way' },
  { name: 'errors_total', type: 'counter', labels: ['error_type', 'kind', 'boundary'], from: 'sdk', help: 'Errors reported', onlyWhen: 'an error was reported' },
  { name: 'http_server_request_duration_seconds', type: 'histogram', labels: ['http_request_method', 'http_response_status_code', 'http_route', 'url_scheme', 'error_type'], from: 'sdk', help: 'Time of a request served' },
  { name: 'http_client_request_duration_seconds', type: 'histogram', labels: ['http_request_method', 'http_response_status_code', 'server_address', 'server_port', 'error_type'], from: 'sdk', help: 'Time of a request sent' },
  { name: 'nodejs_eventloop_delay_p99_seconds', type: 'gauge', labels: [], from: 'sdk', help: 'Event-loop delay, 99th percentile' },
  { name: 'nodejs_eventloop_utilization_ratio', type: 'gauge', labels: [], from: 'sdk', help: 'Share of time the event loop was busy' },
  { name: 'v8js_memory_heap_used_bytes', type: 'gauge', labels: ['v8js_heap_space_name'], from: 'sdk', help: 'Heap in use' },
  { name: 'v8js_memory_heap_limit_bytes', type: 'gauge', labels: ['v8js_heap_space_name'], from: 'sdk', help: 'Heap limit' },
  { name: 'v8js_gc_duration_seconds', type: 'histogram', labels: ['v8js_gc_type'], from: 'sdk', help: 'Time in garbage collection', onlyWhen: 'the garbage collector ran' },
  { name: 'sonde_handles_open', type: 'gauge', labels: ['type'], from: 'sdk', help: 'Open handles' },
  { name: 'sonde_heartbeat_age_seconds', type: 'gauge', labels: ['name'], from: 'sdk', help: 'Time since a heartbeat last beat', onlyWhen: 'a heartbeat was registered' },
  { name: 'sonde_log_level_override_active', type: 'gauge', labels: ['logger'], from: 'sdk', help: 'A level lease is running', onlyWhen: 'a level was leased' },
  { name: 'sonde_telemetry_records_total', type: 'counter', labels: ['signal', 'outcome', 'reason'], from: 'sdk', help: 'The ledger' },
];
