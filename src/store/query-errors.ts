import { HISTORY } from './day-files.ts';
import type { ErrorGroup, ErrorQuery, GroupQuery, Page, ReleaseCount } from './lookup.ts';
import { pageLimit, readPage, type Where } from './query-page.ts';
import type { ReadFiles } from './read-files.ts';
import { errorOf } from './rows.ts';
import type { SqlRow } from './sqlite.ts';
import type { ErrorRecord } from '../core/records.ts';

// Groups of one day: a fingerprint without line numbers gives dozens; more than this is a fingerprint gone wrong.
const MAX_GROUPS = 5_000;

export function readErrors(files: ReadFiles, query: ErrorQuery): Page<ErrorRecord> {
  return readPage(files, 'errors', query, () => errorWhere(query), (_file, row) => errorOf(row));
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

/** The groups of all days and of the history, joined by fingerprint; the releases' own first and last times are kept. */
export function readGroups(files: ReadFiles, query: GroupQuery): Page<ErrorGroup> {
  const rowsOf = new Map<string, SqlRow[]>();
  for (const day of [...files.days(), HISTORY]) {
    const rows = files.read(day, (file) => file.all('SELECT * FROM error_groups ORDER BY last_ms DESC LIMIT ?', MAX_GROUPS)) ?? [];
    for (const row of rows) {
      const key = String(row['fingerprint']);
      const same = rowsOf.get(key);
      if (same) same.push(row);
      else rowsOf.set(key, [row]);
    }
  }
  const groups = [...rowsOf.values()]
    .map(joinGroup)
    .filter((group) => wanted(group, query))
    .sort(byLastSeen);
  const start = query.after === undefined ? 0 : groups.findIndex((group) => groupCursor(group) === query.after) + 1;
  const limit = pageLimit(query);
  const items = groups.slice(start, start + limit);
  const last = items.at(-1);
  return { items, next: last && start + limit < groups.length ? groupCursor(last) : undefined };
}

function groupCursor(group: ErrorGroup): string {
  return group.fingerprint;
}

function byLastSeen(a: ErrorGroup, b: ErrorGroup): number {
  return b.lastMs - a.lastMs || (a.fingerprint < b.fingerprint ? -1 : 1);
}

function wanted(group: ErrorGroup, query: GroupQuery): boolean {
  if (query.service !== undefined && !group.services.includes(query.service)) return false;
  if (query.release !== undefined && !inRelease(group, query.release, query.firstSeen ?? false)) return false;
  if (query.untilMs !== undefined && group.firstMs >= query.untilMs) return false;
  if (query.sinceMs === undefined) return true;
  return query.firstSeen ? group.firstMs >= query.sinceMs : group.lastMs >= query.sinceMs;
}

function inRelease(group: ErrorGroup, release: string, first: boolean): boolean {
  return first ? group.releases[0]?.release === release : group.releases.some((seen) => seen.release === release);
}

function joinGroup(rows: readonly SqlRow[]): ErrorGroup {
  const newest = rows.reduce((a, b) => (Number(b['last_ms']) > Number(a['last_ms']) ? b : a));
  const releases = new Map<string, ReleaseCount>();
  for (const row of rows) {
    const release = String(row['release']);
    const former = releases.get(release);
    releases.set(release, {
      release,
      firstMs: Math.min(former?.firstMs ?? Infinity, Number(row['first_ms'])),
      lastMs: Math.max(former?.lastMs ?? 0, Number(row['last_ms'])),
      count: (former?.count ?? 0) + Number(row['count']),
    });
  }
  const counts = [...releases.values()].sort((a, b) => a.firstMs - b.firstMs);
  return {
    fingerprint: String(newest['fingerprint']),
    kind: String(newest['kind']),
    type: String(newest['type']),
    message: String(newest['message']),
    services: [...new Set(rows.map((row) => String(row['service'])))].sort(),
    releases: counts,
    firstMs: Math.min(...counts.map(({ firstMs }) => firstMs)),
    lastMs: Number(newest['last_ms']),
    count: counts.reduce((sum, { count }) => sum + count, 0),
    lastErrorId: String(newest['last_error_id']),
  };
}
