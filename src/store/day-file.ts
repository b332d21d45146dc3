import { accessSync, constants, renameSync, statSync } from 'node:fs';
import { makeFolder } from '../core/make-folder.ts';
import { pauseSync } from '../core/pause.ts';
import { type Day, dayPath, storeFolder } from './day-files.ts';
import { migrate, rollback } from './migrate.ts';
import { type Database, openDatabase, type Statement } from './sqlite.ts';

// How long a batch waits for another process's transaction: those last milliseconds, so 2 s is a process that hangs.
const BUSY_MS = 2_000;
// A WAL that grew under a long reader is cut back to this at the next checkpoint.
const WAL_BYTES = 16 * 1024 * 1024;

/** The file of one day, open for writing. */
export class DayFile {
  readonly day: Day;
  readonly path: string;
  readonly #db: Database;
  readonly #inode: number;
  readonly #statements = new Map<string, Statement>();

  constructor(dir: string, day: Day) {
    this.day = day;
    this.path = dayPath(dir, day);
    makeFolder(storeFolder(dir));
    // Before SQLite looks: it would remember for the whole process that the file's index is read-only.
    accessSync(storeFolder(dir), constants.W_OK);
    this.#db = openDatabase(this.path, { readOnly: false, busyMs: BUSY_MS });
    try {
      setWal(this.#db);
      this.#db.exec(`PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = ${WAL_BYTES}`);
      migrate(this.#db, this.path);
      this.#inode = statSync(this.path).ino;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether the path still leads to this file: another process may have removed it or set it aside. */
  get current(): boolean {
    return statSync(this.path, { throwIfNoEntry: false })?.ino === this.#inode;
  }

  /** A prepared statement, kept for the life of the file. */
  prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs `fn` in one transaction: all of it is in the file afterwards, or nothing. */
  transaction<T>(fn: () => T): T {
    this.prepare('BEGIN IMMEDIATE').run();
    try {
      const result = fn();
      this.prepare('COMMIT').run();
      return result;
    } catch (error) {
      rollback(this.#db);
      throw error;
    }
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  close(): void {
    this.#statements.clear();
    try {
      // @photostructure/sqlite lets go of a file only when its statements are collected, so a closing connection does
      // not move the WAL into the file by itself there.
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // A disk that is full or gone: the WAL stays, and whoever opens the file next reads it.
    }
    try {
      this.#db.close();
    } catch {
      // It is closed, or its disk is gone; either way nothing more can be done with it.
    }
  }

  /** Renames a damaged file so that a new one can begin; returns its new path. Close it first. */
  static setAside(path: string, nowMs: number): string {
    const target = `${path}.corrupt-${nowMs}`;
    for (const suffix of ['-wal', '-shm', '']) {
      if (statSync(path + suffix, { throwIfNoEntry: false })) renameSync(path + suffix, target + suffix);
    }
    return target;
  }
}

/** Switches to WAL. Two processes that create one file meet here, and SQLite does not wait for this lock by itself. */
function setWal(db: Database): void {
  for (let waitedMs = 0; ; waitedMs += 5) {
    try {
      db.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      const busy = ((error as { errcode?: number }).errcode ?? 0) % 256 === 5;
      if (!busy || waitedMs >= BUSY_MS) throw error;
      pauseSync(5);
    }
  }
}
