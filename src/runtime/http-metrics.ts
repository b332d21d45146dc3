import type { HttpRecorder } from '../http/port.ts';
import { counter } from '../metrics/counter.ts';
import { defineHistogram } from '../metrics/histogram.ts';

/** OpenTelemetry's advised bounds of HTTP durations, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

/** Durations of requests under OpenTelemetry's names after Prometheus translation. */
export function httpRecorder(): HttpRecorder {
  const server = defineHistogram('http_server_request_duration_seconds', {
    help: 'Duration of HTTP server requests',
    labels: ['http_request_method', 'url_scheme', 'http_response_status_code', 'http_route', 'error_type'],
    buckets: BUCKETS,
  });
  const client = defineHistogram('http_client_request_duration_seconds', {
    help: 'Duration of HTTP client requests',
    labels: ['http_request_method', 'server_address', 'server_port', 'http_response_status_code', 'error_type'],
    buckets: BUCKETS,
  });
  const ignored = counter('sonde_http_deadline_ignored_total', { help: 'Requests whose X-Request-Timeout-Ms could not be read' });
  return {
    server: ({ method, scheme, status, route, errorType }) =>
      server.cell({
        http_request_method: method,
        url_scheme: scheme,
        http_response_status_code: statusLabel(status),
        http_route: route ?? '',
        error_type: errorType ?? '',
      }),
    client(durationMs, { method, host, port, status, errorType }, scope) {
      const labels = {
        http_request_method: method,
        server_address: host,
        server_port: String(port),
        http_response_status_code: statusLabel(status),
        error_type: errorType ?? '',
      };
      client.cell(labels).observeIn(durationMs / 1_000, scope);
    },
    badDeadline: () => ignored.inc(),
  };
}

/** A request without a response has no status. */
function statusLabel(status: number): string {
  return status === 0 ? '' : String(status);
}
