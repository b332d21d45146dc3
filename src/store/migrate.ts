import { StoreError } from './failure.ts';
import { V1 } from './migrations/v1.ts';
import { V2 } from './migrations/v2.ts';
import type { Database } from './sqlite.ts';

/** One step a version, in order: step `n` leads from version `n` to `n + 1`. A released step is never changed. */
const STEPS: readonly (readonly string[])[] = [V1, V2];

/** The schema that this version of Sonde writes. */
export const SCHEMA_VERSION = STEPS.length;

/** Refuses a file that a newer Sonde wrote; returns the version of the file, 0 for an empty one. */
export function checkVersion(db: Database, path: string): number {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > SCHEMA_VERSION) {
    throw new StoreError(
      'newer',
      `Cannot use "${path}": its schema is version ${version}, expected at most ${SCHEMA_VERSION}; upgrade sonde, or move the file away`,
    );
  }
  return version;
}

/** Brings a file to the current schema. Two processes may do it at once: the second finds it done. */
export function migrate(db: Database, path: string): void {
  if (checkVersion(db, path) === SCHEMA_VERSION) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const step of STEPS.slice(checkVersion(db, path))) for (const sql of step) db.exec(sql);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    db.exec('COMMIT');
  } catch (error) {
    rollback(db);
    throw error;
  }
}

/** Ends a transaction that failed; SQLite may have ended it already. */
export function rollback(db: Database): void {
  try {
    db.exec('ROLLBACK');
  } catch {
    // "no transaction is active": SQLite rolled back by itself, as it does on a full disk
  }
}
