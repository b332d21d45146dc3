import { functionDefs } from '../core/function-def.ts';
import { defineReading, type Reading } from './registry.ts';
import { routeSlos } from './route-slo.ts';

const FUNCTION = ['function', 'module'];
const ROUTE = ['http_request_method', 'http_route'];

/**
 * Shows what functions (`traced({ slo })`) and routes (`slo()`) promise, so that the alert rules can compare: one set of
 * rules serves every objective.
 */
export function showObjectives(): () => void {
  const show = (name: string, labels: readonly string[], help: string, read: () => Iterable<Reading>): (() => void) =>
    defineReading({ type: 'gauge', name, help, labels }, read);
  const stops = [
    show('sonde_slo_objective_ratio', FUNCTION, 'Share of calls that a traced function promises to serve without an error', function* () {
      for (const { name, module, slo } of functionDefs()) if (slo) yield { labels: { function: name, module }, value: slo.objective };
    }),
    show('sonde_slo_latency_seconds', FUNCTION, 'Latency that a traced function promises for 99 of 100 calls', function* () {
      for (const { name, module, slo } of functionDefs())
        if (slo?.latencyMs !== undefined) yield { labels: { function: name, module }, value: slo.latencyMs / 1_000 };
    }),
    show('sonde_slo_route_objective_ratio', ROUTE, 'Share of requests that a route promises to answer without a 5xx', function* () {
      for (const { method, route, objective } of routeSlos()) yield { labels: { http_request_method: method, http_route: route }, value: objective };
    }),
    show('sonde_slo_route_latency_seconds', ROUTE, 'Latency that a route promises for 99 of 100 requests', function* () {
      for (const { method, route, latencyMs } of routeSlos())
        if (latencyMs !== undefined) yield { labels: { http_request_method: method, http_route: route }, value: latencyMs / 1_000 };
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
