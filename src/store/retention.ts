import { rmSync, statSync } from 'node:fs';
import { type Day, dayOf, dayPath, fileBytes, listDays, listSetAside } from './day-files.ts';
import { type StoreError, storeFailure } from './failure.ts';
import { foldIntoHistory } from './group-history.ts';

export interface RetentionLimits {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly nowMs: number;
}

/** What {@link applyRetention} did. */
export interface RetentionReport {
  readonly removed: readonly Day[];
  /** Rows removed from the current day, because it alone is over the size. */
  readonly trimmed: number;
  /** Bytes of the day files that are left. */
  readonly bytes: number;
  readonly failure: StoreError | undefined;
}

/** Removes damaged files, then whole days, the oldest first, until age and size are within the limits. The current day always stays. */
export function applyRetention(dir: string, limits: RetentionLimits): RetentionReport {
  const removed: Day[] = [];
  try {
    const today = dayOf(limits.nowMs);
    const oldest = dayOf(limits.nowMs - limits.maxAgeMs);
    const damaged = listSetAside(dir).map((file) => ({ ...file, bytes: statSync(file.path, { throwIfNoEntry: false })?.size ?? 0 }));
    const days = listDays(dir).map((day) => ({ day, bytes: fileBytes(dayPath(dir, day)) }));
    let bytes = [...days, ...damaged].reduce((sum, file) => sum + file.bytes, 0);
    const isOver = (day: Day): boolean => day < oldest || bytes > limits.maxBytes;
    for (const file of damaged) {
      if (!isOver(file.day)) continue;
      rmSync(file.path, { force: true });
      bytes -= file.bytes;
    }
    for (const file of days) {
      if (file.day >= today || !isOver(file.day)) continue;
      foldIntoHistory(dir, file.day, limits.nowMs);
      removeDay(dir, file.day);
      bytes -= file.bytes;
      removed.push(file.day);
    }
    return { removed, trimmed: 0, bytes, failure: undefined };
  } catch (error) {
    const failure = storeFailure('write', dir, error);
    return { removed, trimmed: 0, bytes: 0, failure: failure.code === 'missing' ? undefined : failure };
  }
}

/** The main file goes first: a reader that comes between must not meet a WAL-less half. */
function removeDay(dir: string, day: Day): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(dayPath(dir, day) + suffix, { force: true });
}
