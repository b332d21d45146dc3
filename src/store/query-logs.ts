import type { LogQuery, LogTail, Page, StoredLog } from './lookup.ts';
import { pageLimit, readPage, type Where } from './query-page.ts';
import type { ReadFile } from './read-file.ts';
import type { ReadFiles } from './read-files.ts';
import { logOf } from './rows.ts';

export function readLogs(files: ReadFiles, query: LogQuery): Page<StoredLog> {
  return readPage(files, 'logs', query, (file) => logWhere(file, query), logOf);
}

/** Lines in the order they were written, from the rows on that `position` names: a late line is not missed. */
export function tailLogs(files: ReadFiles, query: LogQuery, position: string | undefined): LogTail {
  const former = position === undefined ? undefined : (JSON.parse(position) as Record<string, number>);
  const reached: Record<string, number> = {};
  const items: StoredLog[] = [];
  // Two files: today's, and yesterday's for what arrives around midnight.
  for (const day of files.days().slice(0, 2).reverse()) {
    files.read(day, (file) => {
      const last = Number(file.get('SELECT max(rowid) AS last FROM logs')?.['last'] ?? 0);
      reached[day] = last;
      if (former === undefined) return;
      const { sql, values } = logWhere(file, query);
      const conditions = ['rowid > ?', 'rowid <= ?', ...sql].join(' AND ');
      const limit = pageLimit({ limit: query.limit ?? 1_000 });
      const rows = file.all(`SELECT rowid AS row, * FROM logs WHERE ${conditions} ORDER BY rowid LIMIT ?`, former[day] ?? 0, last, ...values, limit);
      if (rows.length === limit) reached[day] = Number(rows.at(-1)?.['row']);
      for (const row of rows) items.push(logOf(file, row));
    });
  }
  return { items, position: JSON.stringify(reached) };
}

function logWhere(file: ReadFile, query: LogQuery): Where {
  const where: Where = { sql: [], values: [] };
  if (query.traceId !== undefined) {
    where.sql.push('trace_id = ?');
    where.values.push(query.traceId);
  }
  if (query.minSeverity !== undefined) {
    if (query.minSeverity >= 13) where.sql.push('severity >= 13'); // word for word as in the partial index, which is used then
    where.sql.push('severity >= ?');
    where.values.push(query.minSeverity);
  }
  if (query.logger !== undefined) {
    where.sql.push('(logger = ? OR substr(logger, 1, ?) = ?)');
    where.values.push(query.logger, query.logger.length + 1, `${query.logger}.`);
  }
  if (query.service !== undefined) {
    const numbers = file.all('SELECT id FROM resources WHERE json_extract(body, \'$."service.name"\') = ?', query.service);
    where.sql.push(`resource IN (${numbers.map((row) => Number(row['id'])).join(', ')})`);
  }
  return where;
}
