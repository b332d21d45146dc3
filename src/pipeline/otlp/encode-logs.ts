import type { Attributes } from '../../core/attributes.ts';
import type { LogData } from '../../core/records.ts';
import { writeAnyValue, writeAttributes } from './any-value.ts';
import { closeResource, closeScope } from './envelope.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** Encodes log records as an ExportLogsServiceRequest, one scope a logger. */
export function encodeLogs(out: ProtoWriter, logs: readonly LogData[], resource: Attributes): Buffer {
  out.reset();
  for (const [name, group] of [...groupByLogger(logs)].reverse()) {
    const scope = out.mark;
    for (let i = group.length - 1; i >= 0; i--) writeLog(out, group[i] as LogData);
    closeScope(out, scope, name, undefined);
  }
  closeResource(out, 0, resource);
  return out.take();
}

export function groupByLogger(logs: readonly LogData[]): Map<string, LogData[]> {
  const groups = new Map<string, LogData[]>();
  for (const log of logs) {
    const group = groups.get(log.logger);
    if (group) group.push(log);
    else groups.set(log.logger, [log]);
  }
  return groups;
}

/** One record with the tag of ScopeLogs.log_records in front; its fields last to first, as in logs.proto. */
function writeLog(out: ProtoWriter, log: LogData): void {
  const from = out.mark;
  if (log.eventName !== undefined && log.eventName !== '') {
    out.text(log.eventName);
    out.byte(0x62);
  }
  out.unixNano(log.observedMs);
  out.byte(0x59);
  if (log.spanId !== undefined && out.hex(log.spanId)) out.byte(0x52);
  if (log.traceId !== undefined && out.hex(log.traceId)) out.byte(0x4a);
  if (log.flags !== 0) {
    out.fixed32(log.flags & 0xff);
    out.byte(0x45);
  }
  writeAttributes(out, log.attributes, 0x32);
  const body = out.mark;
  writeAnyValue(out, log.message);
  out.close(0x2a, body);
  if (log.level !== '') {
    out.text(log.level.toUpperCase());
    out.byte(0x1a);
  }
  if (log.severity !== 0) {
    out.byte(log.severity & 0x7f);
    out.byte(0x10);
  }
  out.unixNano(log.timeMs);
  out.byte(0x09);
  out.close(0x12, from);
}
