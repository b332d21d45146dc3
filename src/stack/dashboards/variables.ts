import type { Variable } from './dashboard.ts';

/** Services that send metrics. */
export const SERVICE: Variable = {
  kind: 'query',
  name: 'service',
  label: 'Service',
  query: 'label_values(process_start_time_seconds, service_name)',
  all: '.+',
};
/** Where they run; a service that does not say matches all. */
export const ENVIRONMENT: Variable = {
  kind: 'query',
  name: 'environment',
  label: 'Environment',
  query: 'label_values(process_start_time_seconds, deployment_environment_name)',
  all: '.*',
};
/** Traced functions of the chosen services. */
export const FUNCTION: Variable = {
  kind: 'query',
  name: 'function',
  label: 'Function',
  query: 'label_values(function_calls_total{service_name=~"$service", deployment_environment_name=~"$environment"}, function)',
  all: '.+',
};
export const ERROR_ID: Variable = { kind: 'text', name: 'id', label: 'Error ID', initial: '' };
/** Filled by the link in the record of an error. */
export const TRACE_ID: Variable = { kind: 'text', name: 'trace', label: 'Trace ID', initial: '' };
export const LOGGER: Variable = { kind: 'text', name: 'logger', label: 'Logger (regular expression)', initial: '.*' };

/** What every query of a service dashboard selects, in PromQL and in LogQL. */
export const OF_SERVICE = 'service_name=~"$service", deployment_environment_name=~"$environment"';
