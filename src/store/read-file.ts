import { existsSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Attributes } from '../core/attributes.ts';
import { type Day, dayPath } from './day-files.ts';
import { checkVersion, SCHEMA_VERSION } from './migrate.ts';
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

function openReadOnly(path: string): Database {
  try {
    return checked(openDatabase(path, { readOnly: true, busyMs: BUSY_MS }), path);
  } catch (error) {
    // A WAL file needs its index beside it, which cannot be made in a folder that is read-only. Where no WAL is left,
    // nobody writes and the file alone is whole.
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== 14 || existsSync(`${path}-wal`)) throw error;
    return checked(openDatabase(`${pathToFileURL(path).href}?immutable=1`, { readOnly: true, busyMs: BUSY_MS }), path);
  }
}

/** An older file is read as it is: a step that changes what is read here brings its own reading of older files. */
function checked(db: Database, path: string): Database {
  try {
    const version = checkVersion(db, path);
    if (version === 0 && SCHEMA_VERSION > 0) db.prepare('SELECT 1 FROM errors LIMIT 0');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
