import { createRequire } from 'node:module';

/** A value that SQLite can take. */
export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;

/** The part of a prepared statement that the store uses; the same in `node:sqlite` and `@photostructure/sqlite`. */
export interface Statement {
  run(...values: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...values: SqlValue[]): SqlRow | undefined;
  all(...values: SqlValue[]): SqlRow[];
  iterate(...values: SqlValue[]): IterableIterator<SqlRow>;
}

/** The part of a connection that the store uses. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface Driver {
  DatabaseSync: new (path: string, options: { readOnly: boolean; timeout: number }) => Database;
}

let driver: Driver | undefined;

/**
 * Opens a connection: by `node:sqlite` where the Node has it, else by `@photostructure/sqlite`.
 * `busyMs` is how long a statement waits for another process's lock.
 */
export function openDatabase(path: string, options: { readOnly: boolean; busyMs: number }): Database {
  driver ??= builtinDriver() ?? (createRequire(import.meta.url)('@photostructure/sqlite') as Driver);
  return new driver.DatabaseSync(path, { readOnly: options.readOnly, timeout: options.busyMs });
}

/** Loads `node:sqlite` without its ExperimentalWarning; any other warning passes. */
function builtinDriver(): Driver | undefined {
  const emit = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]): void => {
    const type = typeof rest[0] === 'string' ? rest[0] : (rest[0] as { type?: string } | undefined)?.type;
    if (type === 'ExperimentalWarning' && String(warning).includes('SQLite')) return;
    Reflect.apply(emit, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    return process.getBuiltinModule('node:sqlite' as 'node:fs') as unknown as Driver | undefined;
  } catch {
    return undefined; // Node 22.5 to 22.12 has it behind a flag
  } finally {
    process.emitWarning = emit;
  }
}
