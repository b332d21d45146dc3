/** Attributes of error records and log records that rules and panels may use, under their OTLP names. */
export const LOG_ATTRIBUTES: readonly string[] = [
  'service.name',
  'service.version',
  'deployment.environment.name',
  'error.id',
  'error.code',
  'error.type',
  'exception.type',
  'exception.message',
  'exception.stacktrace',
  'sonde.error.kind',
  'sonde.error.public_message',
  'sonde.error.hint',
  'sonde.error.owner',
  'sonde.error.boundary',
  'sonde.error.handled',
  'sonde.error.mechanism',
  'sonde.error.fingerprint',
  'sonde.error.chain',
  'sonde.error.suppressed',
  'sonde.error.same_as',
  'sonde.error.amends',
  'sonde.error.cause_id',
];

/** Attributes of the resource and of the semantic conventions that records of the SDK carry besides. */
export const CONTEXT_ATTRIBUTES: readonly string[] = [
  'service.namespace',
  'service.instance.id',
  'host.name',
  'process.pid',
  'process.runtime.name',
  'process.runtime.version',
  'telemetry.sdk.name',
  'telemetry.sdk.language',
  'telemetry.sdk.version',
  'event.name',
  'request.id',
  'http.route',
  'http.request.id',
  'http.request.method',
  'url.path',
  'code.function.name',
  'process.uptime',
  'process.memory.rss',
  'process.memory.heap_used',
  'process.memory.heap_limit',
  'nodejs.eventloop.delay',
  'log.level.logger',
  'log.level.old',
  'log.level.new',
  'log.level.scope',
  'log.level.actor',
  'log.level.reason',
  'log.level.ttl_ms',
  'client.address',
  'sonde.resilience.name',
  'sonde.resilience.from',
  'sonde.resilience.to',
  'sonde.resilience.state',
  'sonde.resilience.reason',
  'sonde.resilience.failure_rate',
  'sonde.resilience.slow_call_rate',
  'sonde.resilience.since_closed_ms',
  'sonde.resilience.wait_ms',
  'sonde.resilience.retry_after_ms',
  'sonde.resilience.limit_ms',
  'sonde.resilience.last_error.type',
  'sonde.resilience.last_error.id',
  'sonde.resilience.last_error.message',
  'sonde.resilience.max',
  'sonde.resilience.waiting',
  'sonde.resilience.waited_ms',
  'sonde.retry.attempt',
  'sonde.retry.attempts',
  'sonde.resilience.fallback',
  'sonde.resilience.cache',
  'sonde.resilience.stale',
];

const OF_RESOURCE = /^(?:cloud|container|deployment|host|k8s|os|process|service|telemetry|vcs)\./;
/** How the process was when an error occurred: under `process.`, and another in each record. */
const OF_MOMENT = /^process\.(?:memory\.|uptime$)/;

/** Is an attribute of this name one of the resource, the same in every record of a process? */
export function isOfResource(name: string): boolean {
  return OF_RESOURCE.test(name) && !OF_MOMENT.test(name);
}

/** Attributes of records that are numbers, which Loki keeps as text. */
export const NUMERIC_ATTRIBUTES: readonly string[] = [
  'process.pid',
  'process.uptime',
  'process.memory.rss',
  'process.memory.heap_used',
  'process.memory.heap_limit',
  'nodejs.eventloop.delay',
  'log.level.ttl_ms',
  'sonde.error.suppressed',
  'sonde.resilience.failure_rate',
  'sonde.resilience.slow_call_rate',
  'sonde.resilience.since_closed_ms',
  'sonde.resilience.wait_ms',
  'sonde.resilience.retry_after_ms',
  'sonde.resilience.limit_ms',
  'sonde.resilience.max',
  'sonde.resilience.waiting',
  'sonde.resilience.waited_ms',
  'sonde.retry.attempt',
  'sonde.retry.attempts',
];

/** Labels that Loki itself makes of the fields of a record, and the index label of the collector. */
export const LOKI_LABELS: readonly string[] = [
  'obs_kind',
  'trace_id',
  'span_id',
  'severity_text',
  'severity_number',
  'scope_name',
  'flags',
  'observed_timestamp',
];

/** An attribute's name as Loki shows it: dots become underscores. */
export function lokiLabel(attribute: string): string {
  return attribute.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}

/** Span attributes that TraceQL queries use. */
export const SPAN_ATTRIBUTES: readonly string[] = ['error.id', 'error.type', 'http.route', 'http.request.method', 'http.response.status_code'];

/** Attributes that come only after something that neither the example nor its test can do on purpose, and what that is. */
export const ATTRIBUTES_ONLY_WHEN: Readonly<Record<string, string>> = {
  'sonde.error.amends': 'a failure that was reported is reported again and is more than it was taken for: a bug, or the end of the process',
  'sonde.resilience.cache': 'an old result is given, and making a new one fails: a minute after the first at the earliest',
  'sonde.resilience.stale': 'as sonde.resilience.cache',
  'code.function.name': 'a function blocks the event loop for longer than a heartbeat may take, or NestJS names its handler',
};
