import type { ErrorRecord } from '../core/records.ts';
import type { ErrorQuery, Page } from './lookup.ts';
import { readPage, type Where } from './query-page.ts';
import type { ReadFiles } from './read-files.ts';
import { errorOf } from './rows.ts';

export function readErrors(files: ReadFiles, query: ErrorQuery): Page<ErrorRecord> {
  return readPage(
    files,
    'errors',
    query,
    () => errorWhere(query),
    (_file, row) => errorOf(row),
  );
}

function errorWhere(query: ErrorQuery): Where {
  const where: Where = { sql: [], values: [] };
  const columns = { service: query.service, kind: query.kind, type: query.type, fingerprint: query.fingerprint, trace_id: query.traceId };
  for (const [column, value] of Object.entries(columns)) {
    if (value === undefined) continue;
    where.sql.push(`${column} = ?`);
    where.values.push(value);
  }
  return where;
}
