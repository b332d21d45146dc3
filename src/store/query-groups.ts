import type { ErrorRecord } from '../core/records.ts';
import { type Day, HISTORY } from './day-files.ts';
import { StoreError } from './failure.ts';
import { errorTimeMs } from './ingest/errors.ts';
import type { ErrorGroup, GroupQuery, Page, ReleaseCount } from './lookup.ts';
import { pageLimit } from './query-page.ts';
import type { ReadFiles } from './read-files.ts';
import { hasRegressed, releaseOrder } from './releases.ts';
import type { SqlRow } from './sqlite.ts';

// Groups of one day: a fingerprint without line numbers gives dozens; more than this is a fingerprint gone wrong.
const MAX_GROUPS = 5_000;

/**
 * The groups of all days, of the history and of records that are in no file yet, joined by fingerprint; the releases' own
 * first and last times are kept.
 */
export function readGroups(files: ReadFiles, query: GroupQuery, unstored?: readonly ErrorRecord[]): Page<ErrorGroup> {
  const days = daysOf(files, unstored !== undefined);
  const further = (unstored ?? []).map(rowOf);
  const order = query.regressed ? releaseOrder(files, days, further) : undefined;
  const groups: ErrorGroup[] = [];
  for (const rows of readRows(files, days, query.fingerprint, further).values()) {
    const group = joinGroup(rows);
    if (isWanted(group, query) && (order === undefined || hasRegressed(rows, order, query.release))) groups.push(group);
  }
  groups.sort((a, b) => b.lastMs - a.lastMs || (a.fingerprint < b.fingerprint ? -1 : 1));
  const start = query.after === undefined ? 0 : groups.findIndex((group) => group.fingerprint === query.after) + 1;
  const limit = pageLimit(query);
  const items = groups.slice(start, start + limit);
  return { items, next: start + limit < groups.length ? items.at(-1)?.fingerprint : undefined };
}

function daysOf(files: ReadFiles, mayBeMissing: boolean): Day[] {
  try {
    return files.days();
  } catch (error) {
    if (mayBeMissing && error instanceof StoreError && error.code === 'missing') return [];
    throw error;
  }
}

/** A record as the group of one that the table would make of it. */
function rowOf(record: ErrorRecord): SqlRow {
  const timeMs = errorTimeMs(record);
  return {
    fingerprint: record['sonde.error.fingerprint'],
    service: textOf(record['service.name']),
    release: textOf(record['service.version']),
    first_ms: timeMs,
    last_ms: timeMs,
    count: 1,
    kind: record['sonde.error.kind'],
    type: record['error.type'],
    message: record.message.slice(0, 300),
    last_error_id: record['error.id'],
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function readRows(files: ReadFiles, days: readonly Day[], fingerprint: string | undefined, further: readonly SqlRow[]): Map<string, SqlRow[]> {
  const rowsOf = new Map<string, SqlRow[]>();
  const where = fingerprint === undefined ? '' : 'WHERE fingerprint = ?';
  const values = fingerprint === undefined ? [] : [fingerprint];
  const add = (row: SqlRow): void => {
    const key = String(row['fingerprint']);
    const same = rowsOf.get(key);
    if (same) same.push(row);
    else rowsOf.set(key, [row]);
  };
  for (const day of [...days, HISTORY]) {
    const rows = files.read(day, (file) => file.all(`SELECT * FROM error_groups ${where} ORDER BY last_ms DESC LIMIT ?`, ...values, MAX_GROUPS)) ?? [];
    rows.forEach(add);
  }
  for (const row of further) if (fingerprint === undefined || row['fingerprint'] === fingerprint) add(row);
  return rowsOf;
}

function isWanted(group: ErrorGroup, query: GroupQuery): boolean {
  if (query.service !== undefined && !group.services.includes(query.service)) return false;
  if (query.release !== undefined && !isInRelease(group, query.release, query.firstSeen ?? false)) return false;
  if (query.untilMs !== undefined && group.firstMs >= query.untilMs) return false;
  if (query.sinceMs === undefined) return true;
  return query.firstSeen ? group.firstMs >= query.sinceMs : group.lastMs >= query.sinceMs;
}

function isInRelease(group: ErrorGroup, release: string, first: boolean): boolean {
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
