import { rmSync } from 'node:fs';
import { type Day, dayOf, dayPath, fileBytes, listDays, listSetAside } from './day-files.ts';
import { type StoreError, storeFailure } from './failure.ts';

export interface RetentionLimits {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly nowMs: number;
}

/** What {@link applyRetention} did. */
export interface RetentionReport {
  readonly removed: readonly Day[];
  /** Bytes of the day files that are left. */
  readonly bytes: number;
  readonly failure: StoreError | undefined;
}

/** Removes whole days, the oldest first, until age and size are within the limits. The current day always stays. */
export function applyRetention(dir: string, limits: RetentionLimits): RetentionReport {
  const removed: Day[] = [];
  try {
    const today = dayOf(limits.nowMs);
    const oldest = dayOf(limits.nowMs - limits.maxAgeMs);
    for (const { day, path } of listSetAside(dir)) if (day < oldest) rmSync(path, { force: true });
    const days = listDays(dir).map((day) => ({ day, bytes: fileBytes(dayPath(dir, day)) }));
    let bytes = days.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of days) {
      if (file.day >= today || (file.day >= oldest && bytes <= limits.maxBytes)) continue;
      removeDay(dir, file.day);
      bytes -= file.bytes;
      removed.push(file.day);
    }
    return { removed, bytes, failure: undefined };
  } catch (error) {
    const failure = storeFailure('write', dir, error);
    return { removed, bytes: 0, failure: failure.code === 'missing' ? undefined : failure };
  }
}

/** The main file goes first: a reader that comes between must not meet a WAL-less half. */
function removeDay(dir: string, day: Day): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(dayPath(dir, day) + suffix, { force: true });
}
