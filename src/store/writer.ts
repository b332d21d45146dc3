import type { Attributes } from '../core/attributes.ts';
import { clock } from '../core/clock.ts';
import type { ErrorRecord, LogData, SpanData } from '../core/records.ts';
import { DayFileCache } from './day-file-cache.ts';
import { DAY_MS } from './day-files.ts';
import { errorTimeMs, insertErrors } from './ingest/errors.ts';
import { insertLogs } from './ingest/logs.ts';
import { insertSpans } from './ingest/spans.ts';
import { applyRetention, type RetentionReport } from './retention.ts';
import type { WriteResult } from './write-result.ts';

export interface StoreWriterOptions {
  /** Whose records these are; written beside spans and logs. */
  readonly resource: Attributes;
  /** Day files older than this are removed. Default 14 days. */
  readonly maxAgeMs?: number;
  /** The oldest day files are removed above this size. Default 1 GiB. */
  readonly maxBytes?: number;
}

/**
 * Writes into the store; one a process, several processes on one store. Nothing throws: a store that cannot be written
 * is answered by a {@link WriteResult} with the failure, and the next batch tries again.
 */
export interface StoreWriter {
  /** `resource` is given where the records are another process's. */
  writeSpans(spans: readonly SpanData[], resource?: Attributes): WriteResult<SpanData>;
  writeLogs(logs: readonly LogData[], resource?: Attributes): WriteResult<LogData>;
  writeErrors(records: readonly ErrorRecord[]): WriteResult<ErrorRecord>;
  /** Removes what is over age or size; call it about once a minute. */
  maintain(): RetentionReport;
  close(): void;
}

/** Opens the store in `dir` for writing. Opens no file yet: the first batch does. */
export function openWriter(dir: string, options: StoreWriterOptions): StoreWriter {
  const maxAgeMs = options.maxAgeMs ?? 14 * DAY_MS;
  const maxBytes = options.maxBytes ?? 1024 ** 3;
  const files = new DayFileCache(dir, maxAgeMs, maxBytes);
  return {
    writeSpans: (spans, resource = options.resource) =>
      files.write(
        spans,
        (span) => span.startMs,
        (file, batch) => insertSpans(file, batch, resource),
      ),
    writeLogs: (logs, resource = options.resource) =>
      files.write(
        logs,
        (log) => log.timeMs,
        (file, batch) => insertLogs(file, batch, resource),
      ),
    writeErrors: (records) => files.write(records, errorTimeMs, insertErrors),
    maintain() {
      const report = applyRetention(dir, { maxAgeMs, maxBytes, nowMs: clock.now() });
      return { ...report, trimmed: files.lookAtSize(report.bytes) };
    },
    close: () => files.close(),
  };
}
