import { clock } from '../core/clock.ts';
import { resolved, warn } from '../core/diag.ts';
import { DayFile } from './day-file.ts';
import { DAY_MS, type Day, dayOf, dayPath } from './day-files.ts';
import { failureKind, type StoreError, storeFailure } from './failure.ts';
import { forgetResources } from './ingest/resources.ts';
import { DayTrimmer } from './trim.ts';
import type { WriteResult } from './write-result.ts';

// Today, and yesterday around midnight or for what arrives late.
const OPEN_FILES = 3;

/** Writes records into a file, inside a transaction. */
type Insert<T> = (file: DayFile, batch: readonly T[]) => void;

/** The day files that are open for writing. */
export class DayFileCache {
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

  write<T>(records: readonly T[], timeOf: (record: T) => number, insert: Insert<T>): WriteResult<T> {
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
      rest.push(...outcome.rest);
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

  #writeDay<T>(day: Day, batch: readonly T[], insert: Insert<T>): WriteResult<T> {
    const path = dayPath(this.#dir, day);
    try {
      this.#insert(day, batch, insert);
    } catch (error) {
      const failure = this.#failed(day, path, error);
      if (failure === 'again') return this.#writeAgain(day, batch, insert);
      if (failure === 'unfit') return this.#writeSingly(day, batch, insert);
      return { stored: 0, rejected: 0, rest: batch, failure };
    }
    resolved('store', `the store "${path}" can be written again`);
    return { stored: batch.length, rejected: 0, rest: [], failure: undefined };
  }

  /** After a damaged file was set aside. */
  #writeAgain<T>(day: Day, batch: readonly T[], insert: Insert<T>): WriteResult<T> {
    try {
      this.#insert(day, batch, insert);
      return { stored: batch.length, rejected: 0, rest: [], failure: undefined };
    } catch (error) {
      const path = dayPath(this.#dir, day);
      this.#drop(day);
      return { stored: 0, rejected: 0, rest: batch, failure: storeFailure('write', path, error) };
    }
  }

  /** One record of the batch has a shape that cannot be stored; the others must not go with it. */
  #writeSingly<T>(day: Day, batch: readonly T[], insert: Insert<T>): WriteResult<T> {
    let stored = 0;
    let rejected = 0;
    for (const record of batch) {
      try {
        this.#insert(day, [record], insert);
        stored++;
      } catch (error) {
        const failure = this.#failed(day, dayPath(this.#dir, day), error);
        if (failure === 'unfit') rejected++;
        else
          return {
            stored,
            rejected,
            rest: batch.slice(stored + rejected),
            failure: failure === 'again' ? storeFailure('write', dayPath(this.#dir, day), error) : failure,
          };
      }
    }
    return { stored, rejected, rest: [], failure: undefined };
  }

  #insert<T>(day: Day, batch: readonly T[], insert: Insert<T>): void {
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

  /** Whether the file can be opened now. */
  #opens(day: Day): boolean {
    try {
      new DayFile(this.#dir, day).close();
      return true;
    } catch {
      return false;
    }
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
    const isSameFile = file === undefined ? !this.#opens(day) : file.current;
    this.#drop(day);
    if (failure.code === 'corrupt' && !isSameFile) return 'again'; // another process has set it aside meanwhile
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
