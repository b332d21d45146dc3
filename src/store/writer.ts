import type { Attributes } from '../core/attributes.ts';
import { clock } from '../core/clock.ts';
import { resolved, warn } from '../core/diag.ts';
import type { ErrorRecord, LogData, SpanData } from '../core/records.ts';
import { DayFile } from './day-file.ts';
import { DAY_MS, type Day, dayOf, dayPath } from './day-files.ts';
import { failureKind, type StoreError, storeFailure } from './failure.ts';
import { errorTimeMs, insertErrors } from './ingest/errors.ts';
import { insertLogs } from './ingest/logs.ts';
import { forgetResources } from './ingest/resources.ts';
import { insertSpans } from './ingest/spans.ts';
import { applyRetention, type RetentionReport } from './retention.ts';
import { DayTrimmer } from './trim.ts';

// Today, and yesterday around midnight or for what arrives late.
const OPEN_FILES = 3;

/** How a batch went. `stored + rejected + rest.length` is its size. */
export interface WriteResult<T> {
  /** Records that are in the store now; one that was there before counts too. */
  readonly stored: number;
  /** Records that can never be stored (no time, not representable as JSON). */
  readonly rejected: number;
  /** Records that are not in the store because of `failure`; writing them again later is safe. */
  readonly rest: readonly T[];
  readonly failure: StoreError | undefined;
}

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

/** The day files that are open for writing. */
class DayFileCache {
  readonly #dir: string;
  readonly #maxAgeMs: number;
  readonly #maxBytes: number;
  readonly #trimmer: DayTrimmer;
  readonly #open = new Map<Day, DayFile>();

  constructor(dir: string, maxAgeMs: number, maxBytes: number) {
    this.#dir = dir;
    this.#maxAgeMs = maxAgeMs;
    this.#maxBytes = maxBytes;
    this.#trimmer = new DayTrimmer(maxBytes);
  }

  write<T>(records: readonly T[], timeOf: (record: T) => number, insert: (file: DayFile, batch: readonly T[]) => void): WriteResult<T> {
    let stored = 0;
    let rejected = 0;
    let failure: StoreError | undefined;
    const rest: T[] = [];
    for (const [day, batch] of this.#byDay(records, timeOf)) {
      if (day === undefined) {
        rejected += batch.length;
        continue;
      }
      const outcome = this.#writeDay(day, batch, insert);
      stored += outcome.stored;
      rejected += outcome.rejected;
      failure ??= outcome.failure;
      if (outcome.failure) rest.push(...batch);
    }
    return { stored, rejected, rest, failure };
  }

  /** Begins to shorten the current day where all days together are over the size; answers the rows that went since the last look. */
  lookAtSize(bytes: number): number {
    try {
      if (bytes > this.#maxBytes) {
        const file = this.#file(dayOf(clock.now()));
        const text = `is over ${this.#maxBytes} bytes within one day: its oldest spans and log lines are removed; raise the limit or sample`;
        if (this.#trimmer.look(file)) warn(`store-size-${file.path}`, `"${file.path}" ${text}`);
      }
    } catch {
      // A failure shows at the next write, with a caller that counts.
    }
    return this.#trimmer.takeCount();
  }

  close(): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }

  /** A record's own time decides its file, unless that file would be removed at once or lie in the future. */
  #byDay<T>(records: readonly T[], timeOf: (record: T) => number): Map<Day | undefined, T[]> {
    const nowMs = clock.now();
    const today = dayOf(nowMs);
    const oldestMs = nowMs - this.#maxAgeMs + DAY_MS;
    const days = new Map<Day | undefined, T[]>();
    for (const record of records) {
      const timeMs = timeOf(record);
      const sane = timeMs >= oldestMs && timeMs <= nowMs + DAY_MS;
      const day = Number.isFinite(timeMs) ? (sane ? dayOf(timeMs) : today) : undefined;
      const batch = days.get(day);
      if (batch) batch.push(record);
      else days.set(day, [record]);
    }
    return days;
  }

  #writeDay<T>(
    day: Day,
    batch: readonly T[],
    insert: (file: DayFile, batch: readonly T[]) => void,
  ): { stored: number; rejected: number; failure?: StoreError } {
    const path = dayPath(this.#dir, day);
    try {
      this.#insert(day, batch, insert);
    } catch (error) {
      const failure = this.#failed(day, path, error);
      if (failure === 'again') return this.#writeAgain(day, batch, insert);
      if (failure === 'unfit') return this.#writeSingly(day, batch, insert);
      return { stored: 0, rejected: 0, failure };
    }
    resolved('store', `the store "${path}" can be written again`);
    return { stored: batch.length, rejected: 0 };
  }

  /** After a damaged file was set aside. */
  #writeAgain<T>(
    day: Day,
    batch: readonly T[],
    insert: (file: DayFile, batch: readonly T[]) => void,
  ): { stored: number; rejected: number; failure?: StoreError } {
    try {
      this.#insert(day, batch, insert);
      return { stored: batch.length, rejected: 0 };
    } catch (error) {
      const path = dayPath(this.#dir, day);
      this.#drop(day);
      return { stored: 0, rejected: 0, failure: storeFailure('write', path, error) };
    }
  }

  /** One record of the batch has a shape that cannot be stored; the others must not go with it. */
  #writeSingly<T>(day: Day, batch: readonly T[], insert: (file: DayFile, batch: readonly T[]) => void): { stored: number; rejected: number } {
    let stored = 0;
    for (const record of batch) {
      try {
        this.#insert(day, [record], insert);
        stored++;
      } catch {
        const file = this.#open.get(day);
        if (file) forgetResources(file);
      }
    }
    return { stored, rejected: batch.length - stored };
  }

  #insert<T>(day: Day, batch: readonly T[], insert: (file: DayFile, batch: readonly T[]) => void): void {
    const file = this.#file(day);
    file.transaction(() => insert(file, batch));
    this.#makeRoom(file, batch.length);
  }

  /** The batch is stored: whatever happens here must not have it written again. */
  #makeRoom(file: DayFile, rows: number): void {
    try {
      this.#trimmer.wrote(file, rows);
    } catch {
      // Tried again after the next batch.
    }
  }

  #file(day: Day): DayFile {
    const known = this.#open.get(day);
    if (known?.current) return known;
    if (known) this.#drop(day);
    const file = new DayFile(this.#dir, day);
    this.#open.set(day, file);
    if (this.#open.size > OPEN_FILES) this.#drop([...this.#open.keys()].filter((other) => other !== day).sort()[0] as Day);
    return file;
  }

  #drop(day: Day): void {
    this.#open.get(day)?.close();
    this.#open.delete(day);
  }

  /** Decides what a failure means, and says it once. */
  #failed(day: Day, path: string, error: unknown): StoreError | 'again' | 'unfit' {
    const file = this.#open.get(day);
    if (file) forgetResources(file);
    if (file && failureKind(error) === undefined) return 'unfit';
    const failure = storeFailure('write', path, error);
    this.#drop(day);
    if (failure.code === 'corrupt') {
      try {
        const aside = DayFile.setAside(path, clock.now());
        warn(
          `store-corrupt-${path}`,
          `"${path}" is damaged: it was renamed to "${aside}" and a new one begun; errors are replayed from the journal as far as it holds them`,
        );
        return 'again';
      } catch (renaming) {
        return storeFailure('write', path, renaming);
      }
    }
    if (failure.code === 'newer') warn(`store-newer-${path}`, failure.message);
    else if (failure.code !== 'busy') warn('store', `${failure.message}; records are counted, and stored when it can be written`);
    return failure;
  }
}
