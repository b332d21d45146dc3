import { type Day, HISTORY } from './day-files.ts';
import type { ReadFiles } from './read-files.ts';
import type { SqlRow } from './sqlite.ts';

// Resources of one day: each start of a process is one, and a crash loop makes thousands.
const MAX_RESOURCES = 10_000;

/** The releases of each service, oldest first. */
export type ReleaseOrder = ReadonlyMap<string, readonly string[]>;

/**
 * The releases in the order in which they first wrote anything: the history's first, then by day, and within a day by the
 * number of their resource, and at last those of records that are in no file yet. A release that never failed is in it too.
 */
export function releaseOrder(files: ReadFiles, newestFirst: readonly Day[], unstored: readonly SqlRow[]): ReleaseOrder {
  const order = new Map<string, string[]>();
  const add = (service: unknown, release: unknown): void => {
    if (typeof service !== 'string' || typeof release !== 'string' || release === '') return;
    const releases = order.get(service) ?? [];
    if (!releases.includes(release)) releases.push(release);
    order.set(service, releases);
  };
  for (const row of files.read(HISTORY, (file) => file.all('SELECT service, release FROM error_groups GROUP BY service, release ORDER BY min(first_ms)')) ??
    []) {
    add(row['service'], row['release']);
  }
  for (const day of newestFirst.toReversed()) {
    for (const row of files.read(day, (file) => file.all('SELECT body FROM resources ORDER BY id LIMIT ?', MAX_RESOURCES)) ?? []) {
      const body = JSON.parse(String(row['body'])) as Record<string, unknown>;
      add(body['service.name'], body['service.version']);
    }
  }
  for (const row of unstored.toSorted((a, b) => Number(a['first_ms']) - Number(b['first_ms']))) add(row['service'], row['release']);
  return order;
}

/** Whether a group came back in `release` (by default the newest of its service) after it was gone in the one before. */
export function hasRegressed(rows: readonly SqlRow[], order: ReleaseOrder, release: string | undefined): boolean {
  for (const [service, releases] of order) {
    const seen = new Set(rows.filter((row) => row['service'] === service).map((row) => String(row['release'])));
    const at = release === undefined ? releases.length - 1 : releases.indexOf(release);
    if (at < 2 || !seen.has(releases[at] as string) || seen.has(releases[at - 1] as string)) continue;
    if (releases.slice(0, at - 1).some((earlier) => seen.has(earlier))) return true;
  }
  return false;
}
