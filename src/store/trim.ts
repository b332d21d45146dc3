import type { DayFile } from './day-file.ts';
import type { Day } from './day-files.ts';

const STEP_ROWS = 1_000; // of each table in one transaction, some 10 ms: no writer waits longer
const GOAL = 0.9; // so that it does not begin again at once

/**
 * Shortens the file of the current day, which is never removed itself, when its contents are over `maxBytes`: the oldest spans and
 * log lines go, in proportion to what is written, so that no write takes long. Pages that become free are used again:
 * the file stays as big as it is. Errors stay.
 */
export class DayTrimmer {
  readonly #maxBytes: number;
  #day: Day | undefined;
  #rows = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Begins to shorten `file` where it is over the size; `true` when it is. */
  look(file: DayFile): boolean {
    if (usedBytes(file) <= this.#maxBytes) return false;
    this.#day = file.day;
    this.wrote(file, STEP_ROWS);
    return true;
  }

  /** Makes room for the rows that were written, and as many again, until the goal is reached. */
  wrote(file: DayFile, rows: number): void {
    if (file.day !== this.#day) return;
    for (let removed = 0; removed < rows * 2; ) {
      if (usedBytes(file) <= this.#maxBytes * GOAL) {
        this.#day = undefined;
        return;
      }
      const step = file.transaction(() => removeOldest(file, 'spans') + removeOldest(file, 'logs'));
      if (step === 0) return;
      removed += step;
      this.#rows += step;
    }
  }

  /** Rows removed since this was asked last. */
  takeCount(): number {
    const rows = this.#rows;
    this.#rows = 0;
    return rows;
  }
}

function removeOldest(file: DayFile, table: 'spans' | 'logs'): number {
  const { changes } = file.prepare(`DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} ORDER BY rowid LIMIT ${STEP_ROWS})`).run();
  return Number(changes);
}

function usedBytes(file: DayFile): number {
  const value = (name: string): number => Number(file.prepare(`PRAGMA ${name}`).get()?.[name]);
  return (value('page_count') - value('freelist_count')) * value('page_size');
}
