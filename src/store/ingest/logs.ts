import type { Attributes } from '../../core/attributes.ts';
import type { LogData } from '../../core/records.ts';
import type { DayFile } from '../day-file.ts';
import { resourceNumber } from './resources.ts';
import { Rollup } from './rollup.ts';

const INSERT = 'INSERT INTO logs (time_ms, severity, logger, message, trace_id, resource, rest) VALUES (?, ?, ?, ?, ?, ?, ?)';

/** Adds log records to a file, inside a transaction. */
export function insertLogs(file: DayFile, logs: readonly LogData[], resource: Attributes): void {
  const number = resourceNumber(file, resource);
  const insert = file.prepare(INSERT);
  const rollup = new Rollup(file, 'log');
  for (const log of logs) {
    const rest = JSON.stringify({
      level: log.level,
      observedMs: log.observedMs === log.timeMs ? undefined : log.observedMs,
      eventName: log.eventName,
      spanId: log.spanId,
      flags: log.flags,
      attributes: log.attributes,
    });
    insert.run(log.timeMs, log.severity, log.logger, log.message, log.traceId ?? null, number, rest);
    rollup.add(log.timeMs, log.level, number);
  }
  rollup.write();
}
