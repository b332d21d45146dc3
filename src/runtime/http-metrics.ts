import type { HttpRecorder, ServerMeasure } from '../http/port.ts';
import type { HistogramCell } from '../metrics/cells.ts';
import { counter } from '../metrics/counter.ts';
import type { Family } from '../metrics/family.ts';
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
  const kept = new Map<string, Map<number, HistogramCell>>();
  return {
    server(durationMs, measure, scope) {
      serverCell(server, kept, measure).observeIn(durationMs / 1_000, scope);
    },
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

const MAX_KEPT = 500; // routes whose cells are at hand; what is not kept is found by its labels

/** The series of a request. The ones of the usual requests are found by route and status, without making labels. */
function serverCell(
  family: Family<HistogramCell>,
  kept: Map<string, Map<number, HistogramCell>>,
  { method, scheme, status, route = '', errorType = '' }: ServerMeasure,
): HistogramCell {
  const isUsual = method === 'GET' && scheme === 'http' && errorType === '';
  const byStatus = isUsual ? kept.get(route) : undefined;
  const known = byStatus?.get(status);
  if (known) return known;
  const cell = family.cell({
    http_request_method: method,
    url_scheme: scheme,
    http_response_status_code: statusLabel(status),
    http_route: route,
    error_type: errorType,
  });
  if (isUsual && byStatus) byStatus.set(status, cell);
  else if (isUsual && kept.size < MAX_KEPT) kept.set(route, new Map([[status, cell]]));
  return cell;
}

/** A request without a response has no status. */
function statusLabel(status: number): string {
  return status === 0 ? '' : String(status);
}
