import type { ErrorRecord } from '../../core/records.ts';
import type { ErrorGroup, GroupQuery, Page, ReleaseCount } from '../../store/lookup.ts';
import { pageLimit } from '../../store/query-page.ts';
import { hasRegressed, type ReleaseOrder } from '../../store/releases.ts';

/** Groups error records by fingerprint, last seen first, as the store's roll-up does. `order`: for what came back only. */
export function groupErrors(records: readonly ErrorRecord[], query: GroupQuery, order: ReleaseOrder | undefined): Page<ErrorGroup> {
  const byFingerprint = new Map<string, ErrorRecord[]>();
  for (const record of records) {
    const key = record['sonde.error.fingerprint'];
    const same = byFingerprint.get(key);
    if (same) same.push(record);
    else byFingerprint.set(key, [record]);
  }
  const groups = [...byFingerprint.values()]
    .filter((same) => order === undefined || hasRegressed(same.map(sightingOf), order, query.release))
    .map(groupOf)
    .filter((group) => wanted(group, query))
    .sort((a, b) => b.lastMs - a.lastMs || (a.fingerprint < b.fingerprint ? -1 : 1));
  const from = query.after === undefined ? 0 : groups.findIndex((group) => group.fingerprint === query.after) + 1;
  const limit = pageLimit(query);
  const items = groups.slice(from, from + limit);
  return { items, next: from + limit < groups.length ? items.at(-1)?.fingerprint : undefined };
}

function sightingOf(record: ErrorRecord): { service: string; release: string } {
  return { service: String(record['service.name'] ?? ''), release: String(record['service.version'] ?? '') };
}

function groupOf(records: readonly ErrorRecord[]): ErrorGroup {
  const sorted = [...records].sort((a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp));
  const first = sorted[0] as ErrorRecord;
  const last = sorted.at(-1) as ErrorRecord;
  const releases = new Map<string, ReleaseCount>();
  for (const record of sorted) {
    const release = String(record['service.version'] ?? '');
    const timeMs = Date.parse(record.timestamp);
    const former = releases.get(release);
    releases.set(release, { release, firstMs: former?.firstMs ?? timeMs, lastMs: timeMs, count: (former?.count ?? 0) + 1 });
  }
  return {
    fingerprint: last['sonde.error.fingerprint'],
    kind: last['sonde.error.kind'],
    type: last['error.type'],
    message: last.message,
    services: [...new Set(sorted.map((record) => String(record['service.name'] ?? '')))].sort(),
    releases: [...releases.values()],
    firstMs: Date.parse(first.timestamp),
    lastMs: Date.parse(last.timestamp),
    count: sorted.length, // compact records of a storm are records too
    lastErrorId: last['error.id'],
  };
}

function wanted(group: ErrorGroup, { sinceMs, untilMs, firstSeen, release }: GroupQuery): boolean {
  if (release !== undefined && !(firstSeen ? group.releases[0]?.release === release : group.releases.some((seen) => seen.release === release))) return false;
  if (untilMs !== undefined && group.firstMs >= untilMs) return false;
  return sinceMs === undefined || (firstSeen ? group.firstMs : group.lastMs) >= sinceMs;
}
