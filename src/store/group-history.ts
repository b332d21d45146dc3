import { DayFile } from './day-file.ts';
import { DAY_MS, type Day, HISTORY } from './day-files.ts';
import { ReadFile } from './read-file.ts';

// A bug that comes back after a year is a new bug to everybody who is there.
const MAX_AGE_MS = 365 * DAY_MS;
// About 10 MB; a service has hundreds of fingerprints.
const MAX_ROWS = 20_000;

const FOLD = `
INSERT INTO error_groups (fingerprint, service, release, first_ms, last_ms, count, kind, type, message, last_error_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
  first_ms = min(first_ms, excluded.first_ms),
  last_ms = max(last_ms, excluded.last_ms),
  count = count + excluded.count`;

/**
 * Takes the error groups of a day over into `history.db`, before the file of the day is removed. Each day once, whoever
 * removes it. A day that cannot be read is let go: the limits of the store hold in any case.
 */
export function foldIntoHistory(dir: string, day: Day, nowMs: number): void {
  const rows = groupsOf(dir, day);
  if (rows.length === 0) return;
  const history = new DayFile(dir, HISTORY);
  try {
    history.transaction(() => {
      if (Number(history.prepare('INSERT OR IGNORE INTO folded_days (day) VALUES (?)').run(day).changes) === 0) return;
      const fold = history.prepare(FOLD);
      for (const r of rows) {
        fold.run(
          ...[
            r['fingerprint'],
            r['service'],
            r['release'],
            r['first_ms'],
            r['last_ms'],
            r['count'],
            r['kind'],
            r['type'],
            r['message'],
            r['last_error_id'],
          ].map((v) => v ?? ''),
        );
      }
      history.prepare('DELETE FROM error_groups WHERE last_ms < ?').run(nowMs - MAX_AGE_MS);
      history
        .prepare('DELETE FROM error_groups WHERE fingerprint IN (SELECT fingerprint FROM error_groups ORDER BY last_ms DESC LIMIT -1 OFFSET ?)')
        .run(MAX_ROWS);
    });
  } finally {
    history.close();
  }
}

function groupsOf(dir: string, day: Day) {
  try {
    const file = new ReadFile(dir, day);
    try {
      return file.all('SELECT * FROM error_groups ORDER BY last_ms DESC LIMIT ?', MAX_ROWS);
    } finally {
      file.close();
    }
  } catch {
    return [];
  }
}
