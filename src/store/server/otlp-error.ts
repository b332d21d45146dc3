import type { Attributes } from '../../core/attributes.ts';
import type { ErrorRecord, LogData } from '../../core/records.ts';
import { parseErrorId } from '../../errors/error-id.ts';

/** A log record that carries an error ID as the error record that it was; any other is `undefined`. */
export function errorOfLog(log: LogData, resource: Attributes): ErrorRecord | undefined {
  const { attributes } = log;
  const parsed = parseErrorId(String(attributes['error.id'] ?? ''));
  if (!parsed.ok || (log.eventName ?? 'exception') !== 'exception') return undefined;
  const text = (key: string, otherwise: string): string => (typeof attributes[key] === 'string' ? (attributes[key] as string) : otherwise);
  const type = text('exception.type', 'Error');
  const [firstLine = ''] = log.message.split('\n', 1);
  const message = text('exception.message', firstLine);
  const known = attributes['sonde.error.kind'] === 'known';
  const record = {
    ...resource,
    ...attributes,
    timestamp: new Date(log.timeMs).toISOString(),
    observed_timestamp: new Date(log.observedMs).toISOString(),
    level: log.level,
    severity_number: log.severity,
    message,
    'event.name': 'exception',
    logger: log.logger,
    ...(log.traceId ? { trace_id: log.traceId, trace_flags: log.flags } : {}),
    ...(log.spanId ? { span_id: log.spanId } : {}),
    'exception.type': type,
    'exception.message': message,
    'exception.stacktrace': text('exception.stacktrace', log.message.slice(firstLine.length + 1)),
    'error.id': parsed.id,
    'error.type': text('error.type', type),
    'sonde.error.kind': known ? 'known' : 'bug',
    'sonde.error.fingerprint': text('sonde.error.fingerprint', `v1:${type}`),
  };
  return record as unknown as ErrorRecord;
}
