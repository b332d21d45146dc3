import type { Variable } from './dashboard.ts';

/** Services that send metrics. */
export const SERVICE: Variable = { kind: 'query', name: 'service', label: 'Service', query: 'label_values(process_start_time_seconds, service_name)' };
/** Traced functions of the chosen services. */
export const FUNCTION: Variable = {
  kind: 'query',
  name: 'function',
  label: 'Function',
  query: 'label_values(function_calls_total{service_name=~"$service"}, function)',
};
export const ERROR_ID: Variable = { kind: 'text', name: 'id', label: 'Error ID', initial: '' };
export const LOGGER: Variable = { kind: 'text', name: 'logger', label: 'Logger (regular expression)', initial: '.*' };

/** The matcher that every PromQL query of a service dashboard carries. */
export const OF_SERVICE = 'service_name=~"$service"';
