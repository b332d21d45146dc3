import type { DayFile } from './day-file.ts';

const CHUNK_ROWS = 10_000; // some 50 ms: another writer waits no longer
const BUDGET_MS = 5_000; // of the minute between two looks
const GOAL = 0.9; // so that the next look finds it within the limit

/**
 * Removes the oldest spans and log lines of the file of the current day, which is never removed itself, until its contents are
 * within `maxBytes`. Pages that become free are used again, so the file stays as big as it is. Errors stay.
 */
export function trimDay(file: DayFile, maxBytes: number, elapsedMs: () => number): number {
  if (usedBytes(file) <= maxBytes) return 0;
  let rows = 0;
  while (usedBytes(file) > maxBytes * GOAL && elapsedMs() < BUDGET_MS) {
    const removed = file.transaction(() => removeOldest(file, 'spans') + removeOldest(file, 'logs'));
    if (removed === 0) break;
    rows += removed;
  }
  return rows;
}

function removeOldest(file: DayFile, table: 'spans' | 'logs'): number {
  const { changes } = file.prepare(`DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} ORDER BY rowid LIMIT ${CHUNK_ROWS})`).run();
  return Number(changes);
}

function usedBytes(file: DayFile): number {
  const value = (name: string): number => Number(file.prepare(`PRAGMA ${name}`).get()?.[name]);
  return (value('page_count') - value('freelist_count')) * value('page_size');
}
