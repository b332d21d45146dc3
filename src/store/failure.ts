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

/** Puts any failure of SQLite or of the file system in the store's words. `act` is "write" or "read". */
export function storeFailure(act: string, path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  const kind = typeof errcode === 'number' ? sqliteKind(errcode) : (NODE_CODES[String(code)] ?? 'io');
  const detail = error instanceof Error ? error.message : String(error);
  return new StoreError(kind, `Cannot ${act} "${path}": ${HINTS[kind]} (${detail})`, { cause: error });
}

function sqliteKind(errcode: number): StoreFailureCode {
  if (FULL_DISK.has(errcode)) return 'full';
  return SQLITE_CODES[errcode & 0xff] ?? (errcode === 14 ? 'read_only' : 'io');
}
