import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Attributes } from '../core/attributes.ts';
import { type Day, dayPath } from './day-files.ts';
import { StoreError } from './failure.ts';
import { checkVersion } from './migrate.ts';
import { type Database, openDatabase, type SqlRow, type SqlValue, type Statement } from './sqlite.ts';

// Readers never wait for a writer in WAL mode; only a recovery after a crash locks, for milliseconds.
const BUSY_MS = 2_000;

/** The file of one day, open for reading. */
export class ReadFile {
  readonly day: Day;
  readonly path: string;
  readonly inode: number;
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();
  readonly #resources = new Map<number, Attributes>();

  constructor(dir: string, day: Day) {
    this.day = day;
    this.path = dayPath(dir, day);
    this.inode = statSync(this.path).ino;
    this.#db = openReadOnly(this.path);
  }

  /** At most as many rows as the statement's own limit. */
  all(sql: string, ...values: SqlValue[]): SqlRow[] {
    return this.#prepare(sql).all(...values);
  }

  get(sql: string, ...values: SqlValue[]): SqlRow | undefined {
    return this.#prepare(sql).get(...values);
  }

  /** The resource that rows refer to by `number`. */
  resource(number: number): Attributes {
    let resource = this.#resources.get(number);
    if (resource === undefined) {
      const body = this.get('SELECT body FROM resources WHERE id = ?', number)?.['body'];
      resource = JSON.parse(String(body ?? '{}')) as Attributes;
      this.#resources.set(number, resource);
    }
    return resource;
  }

  close(): void {
    try {
      this.#db.close();
    } catch {
      // closed already
    }
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * A WAL file needs its index beside it, which cannot be made in a folder that is read-only. Where no WAL is left, nobody
 * writes and the file alone is whole.
 */
function openReadOnly(path: string): Database {
  const alone = !isWritable(dirname(path)) && !existsSync(`${path}-wal`);
  return checked(openDatabase(alone ? `${pathToFileURL(path).href}?immutable=1` : path, { readOnly: true, busyMs: BUSY_MS }), path);
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** An older file is read as it is: a step that changes what is read here brings its own reading of older files. */
function checked(db: Database, path: string): Database {
  try {
    // A writer that has just made the file has put nothing in it yet.
    if (checkVersion(db, path) === 0) throw new StoreError('missing', `Cannot read "${path}": it is empty`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
