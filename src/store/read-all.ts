import type { ErrorRecord } from '../core/records.ts';
import { DAY_MS, type Day } from './day-files.ts';
import type { StoredLog, StoredSpan } from './lookup.ts';
import type { ReadFile } from './read-file.ts';
import { ReadFiles } from './read-files.ts';
import { errorOf, logOf, spanOf } from './rows.ts';
import type { SqlRow } from './sqlite.ts';

// Rows in memory at once; as many as a batch of the exporter.
const BATCH = 1_000;

/** Some records of one kind, in the order in which they were stored. */
export type StoredBatch =
  | { readonly signal: 'span'; readonly items: readonly StoredSpan[] }
  | { readonly signal: 'log'; readonly items: readonly StoredLog[] }
  | { readonly signal: 'error'; readonly items: readonly ErrorRecord[] };

/** Everything that the store in `dir` holds of the time from `sinceMs` on, oldest day first, batch by batch. */
export function* readAll(dir: string, sinceMs: number): Generator<StoredBatch> {
  const files = new ReadFiles(dir);
  try {
    for (const day of files.days().reverse()) {
      if (Date.parse(day) + DAY_MS <= sinceMs) continue;
      for (const items of rows(files, day, 'spans', 'start_ms', sinceMs, spanOf)) yield { signal: 'span', items };
      for (const items of rows(files, day, 'logs', 'time_ms', sinceMs, logOf)) yield { signal: 'log', items };
      for (const items of rows(files, day, 'errors', 'time_ms', sinceMs, (_file, row) => errorOf(row))) yield { signal: 'error', items };
    }
  } finally {
    files.close();
  }
}

function* rows<T>(files: ReadFiles, day: Day, table: string, time: string, sinceMs: number, itemOf: (file: ReadFile, row: SqlRow) => T): Generator<T[]> {
  let after = 0;
  for (;;) {
    const page = files.read(day, (file) =>
      file
        .all(`SELECT rowid AS row, * FROM ${table} WHERE rowid > ? AND ${time} >= ? ORDER BY rowid LIMIT ${BATCH}`, after, sinceMs)
        .map((row) => ({ row: Number(row.row), item: itemOf(file, row) })),
    );
    const last = page?.at(-1);
    if (!page || !last) return;
    yield page.map(({ item }) => item);
    after = last.row;
  }
}
