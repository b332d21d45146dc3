import { type Cursor, formatCursor, parseCursor } from './cursor.ts';
import { type Day, dayOf } from './day-files.ts';
import type { Page, PageQuery } from './lookup.ts';
import type { ReadFile } from './read-file.ts';
import type { ReadFiles } from './read-files.ts';
import type { SqlRow, SqlValue } from './sqlite.ts';

const DEFAULT_LIMIT = 50; // a screen
const MAX_LIMIT = 1_000; // a page of logs stays under a few MB

export function pageLimit(query: PageQuery): number {
  return Math.min(MAX_LIMIT, Math.max(1, Math.floor(query.limit ?? DEFAULT_LIMIT)));
}

/** Conditions of a query: SQL text and the values for it. */
export interface Where {
  readonly sql: string[];
  readonly values: SqlValue[];
}

/**
 * Reads a page, newest first, file by file. `where` gives the conditions for one file; the table has `time_ms`.
 * The cursor holds the file, because a record whose time was out of bounds lies in the file of the day it came.
 */
export function readPage<T>(
  files: ReadFiles,
  table: string,
  query: PageQuery,
  where: (file: ReadFile) => Where,
  itemOf: (file: ReadFile, row: SqlRow) => T,
): Page<T> {
  const limit = pageLimit(query);
  const cursor = query.after === undefined ? undefined : parseCursor(query.after);
  const items: T[] = [];
  let last: Cursor | undefined;
  for (const day of files.days()) {
    if (!holds(day, query, cursor)) continue;
    files.read(day, (file) => {
      const { sql, values } = withBounds(where(file), query, cursor?.day === day ? cursor : undefined);
      const order = `ORDER BY time_ms DESC, rowid DESC LIMIT ${limit + 1 - items.length}`;
      for (const row of file.all(`SELECT rowid AS row, * FROM ${table} ${sql.length > 0 ? `WHERE ${sql.join(' AND ')}` : ''} ${order}`, ...values)) {
        if (items.length < limit) last = { day, timeMs: Number(row['time_ms']), row: Number(row['row']) };
        items.push(itemOf(file, row));
      }
    });
    if (items.length > limit) break;
  }
  return { items: items.slice(0, limit), next: items.length > limit && last ? formatCursor(last) : undefined };
}

/** Late records are never in a file before their day; the file of today may hold records of any time. */
function holds(day: Day, query: PageQuery, cursor: Cursor | undefined): boolean {
  if (query.sinceMs !== undefined && day < dayOf(query.sinceMs)) return false;
  return cursor === undefined || day <= cursor.day;
}

function withBounds(where: Where, query: PageQuery, cursor: Cursor | undefined): Where {
  const sql = [...where.sql];
  const values = [...where.values];
  if (query.sinceMs !== undefined) {
    sql.push('time_ms >= ?');
    values.push(query.sinceMs);
  }
  if (query.untilMs !== undefined) {
    sql.push('time_ms < ?');
    values.push(query.untilMs);
  }
  if (cursor) {
    sql.push('(time_ms, rowid) < (?, ?)');
    values.push(cursor.timeMs, cursor.row);
  }
  return { sql, values };
}
