/** Who may promise something: by which labels it is known, and which series tell how it did. */
export interface SloSubject {
  /** Before the names of its alerts. */
  readonly prefix: string;
  /** In sentences: `function`. */
  readonly noun: string;
  readonly labels: readonly string[];
  /** All its calls, and the label by which failed ones are told. In the tests: its value on a failed call and on a good one. */
  readonly calls: { readonly metric: string; readonly failed: string; readonly label: string; readonly values: readonly [failed: string, good: string] };
  /** Begins the names of its recorded error ratios. */
  readonly ratio: string;
  readonly buckets: string;
  /** The gauges that show what was promised while a process runs. */
  readonly objective: string;
  readonly latency: string;
  /** How a summary names it. */
  readonly shown: string;
  /** For the tests of its generic rules. */
  readonly example: Readonly<Record<string, string>>;
}

export const FUNCTION_SLO: SloSubject = {
  prefix: '',
  noun: 'function',
  labels: ['service_name', 'deployment_environment_name', 'function', 'module'],
  calls: { metric: 'function_calls_total', failed: 'result="error"', label: 'result', values: ['error', 'ok'] },
  ratio: 'sonde:function_error_ratio',
  buckets: 'function_calls_duration_seconds_bucket',
  objective: 'sonde_slo_objective_ratio',
  latency: 'sonde_slo_latency_seconds',
  shown: '{{ $labels.function }} of {{ $labels.service_name }}',
  example: { service_name: 'checkout', deployment_environment_name: 'production', function: 'place', module: 'orders' },
};

export const ROUTE_SLO: SloSubject = {
  prefix: 'Route',
  noun: 'route',
  labels: ['service_name', 'deployment_environment_name', 'http_request_method', 'http_route'],
  calls: {
    metric: 'http_server_request_duration_seconds_count',
    failed: 'http_response_status_code=~"5.."',
    label: 'http_response_status_code',
    values: ['503', '200'],
  },
  ratio: 'sonde:route_error_ratio',
  buckets: 'http_server_request_duration_seconds_bucket',
  objective: 'sonde_slo_route_objective_ratio',
  latency: 'sonde_slo_route_latency_seconds',
  shown: '{{ $labels.http_request_method }} {{ $labels.http_route }} of {{ $labels.service_name }}',
  example: { service_name: 'checkout', deployment_environment_name: 'production', http_request_method: 'POST', http_route: '/orders' },
};
