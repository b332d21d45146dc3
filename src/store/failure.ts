/** Why the store could not be read or written. */
export type StoreFailureCode = 'busy' | 'corrupt' | 'full' | 'io' | 'missing' | 'newer' | 'read_only';

/** A failure of the store: one code, one line that says what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreFailureCode;

  constructor(code: StoreFailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const NODE_CODES: Readonly<Record<string, StoreFailureCode>> = {
  EACCES: 'read_only',
  EDQUOT: 'full',
  ENOENT: 'missing',
  ENOSPC: 'full',
  ENOTDIR: 'read_only',
  EPERM: 'read_only',
  EROFS: 'read_only',
};

/** SQLite's primary result codes. */
const SQLITE_CODES: Readonly<Record<number, StoreFailureCode>> = {
  5: 'busy', // BUSY
  6: 'busy', // LOCKED
  8: 'read_only', // READONLY
  11: 'corrupt', // CORRUPT
  13: 'full', // FULL
  26: 'corrupt', // NOTADB
};

// SQLite says "I/O error" for a full disk too, when a write of the WAL, its index or a sync is what fails:
// IOERR_WRITE, IOERR_FSYNC, IOERR_TRUNCATE, IOERR_SHMSIZE.
const FULL_DISK = new Set([778, 1034, 1546, 4874]);

const HINTS: Readonly<Record<StoreFailureCode, string>> = {
  busy: 'another process holds its lock',
  corrupt: 'the file is damaged',
  full: 'the disk is full; free some space or lower the retention',
  io: 'the disk does not answer',
  missing: 'it does not exist',
  newer: 'it was written by a newer Sonde; upgrade, or move the file away',
  read_only: 'the folder cannot be written; make it writable or set SONDE_DIR',
};

// @photostructure/sqlite gives some failures of a read without their number.
const SQLITE_WORDS: readonly (readonly [RegExp, StoreFailureCode])[] = [
  [/malformed|not a database/, 'corrupt'],
  [/disk is full/, 'full'],
  [/is locked/, 'busy'],
  [/readonly database/, 'read_only'],
  [/disk I\/O error/, 'io'],
];

/** Puts any failure of SQLite or of the file system in the store's words. `act` is "write" or "read". */
export function storeFailure(act: string, path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const kind = failureKind(error) ?? 'io';
  const detail = error instanceof Error ? error.message : String(error);
  return new StoreError(kind, `Cannot ${act} "${path}": ${HINTS[kind]} (${detail})`, { cause: error });
}

/** What kind of failure of the store this is; `undefined` where the record is what does not fit, or our own code. */
export function failureKind(error: unknown): StoreFailureCode | undefined {
  if (error instanceof StoreError) return error.code;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') return sqliteKind(errcode);
  if (typeof code === 'string' && !code.startsWith('ERR_')) return NODE_CODES[code] ?? 'io';
  const message = error instanceof Error ? error.message : '';
  return SQLITE_WORDS.find(([words]) => words.test(message))?.[1];
}

// TOOBIG, CONSTRAINT, MISMATCH, RANGE: the values, not the file.
const OF_RECORD = new Set([18, 19, 20, 25]);

function sqliteKind(errcode: number): StoreFailureCode | undefined {
  if (FULL_DISK.has(errcode)) return 'full';
  if (OF_RECORD.has(errcode & 0xff)) return undefined;
  return SQLITE_CODES[errcode & 0xff] ?? (errcode === 14 ? 'read_only' : 'io');
}
