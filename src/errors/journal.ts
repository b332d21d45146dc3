import { closeSync, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { clock } from '../core/clock.ts';
import { safeMessage } from '../core/json.ts';
import { makeFolder } from '../core/make-folder.ts';
import { ownMark } from './process-mark.ts';

/** What {@link openJournal} can be told. */
export interface JournalOptions {
  /** A segment is closed when it is this big; default 4 MiB, so that what was stored can be deleted soon. */
  readonly segmentBytes?: number;
  /** The most that this process keeps in its journal; default 64 MiB, about 16,000 whole records. Past it appending fails. */
  readonly maxBytes?: number;
}

/** The error journal of this process: what is appended is in the file when `append` returns. */
export interface Journal {
  /** Appends one line, with or without its end. `false`: it is not on disk; {@link lastProblem} says why. Never throws. */
  append(line: string): boolean;
  /** Lines appended so far. */
  readonly appended: number;
  /** Tells that the first `total` lines are safe elsewhere: closed segments are deleted, an open one is emptied. */
  acknowledge(total: number): void;
  /** Empties the open segment where everything is acknowledged: the process may end now, and nothing is to be replayed. */
  settle(): void;
  /** The file that is written now. */
  readonly path: string;
  readonly lastProblem: string | undefined;
  /** Bytes on disk that are not acknowledged yet. */
  readonly bytes: number;
  /** Closes the file; deletes it where everything in it was acknowledged. */
  close(): void;
}

interface Segment {
  readonly path: string;
  bytes: number;
  /** Lines appended when the segment was closed. */
  lastLine: number;
}

const SEGMENT_BYTES = 4 * 1024 * 1024;
const MAX_BYTES = 64 * 1024 * 1024;
const EMPTY_FROM_BYTES = 256 * 1024; // an acknowledged open segment is emptied from here: one system call per 60 errors
const BUFFER_BYTES = 64 * 1024; // a record is a few kilobytes; a longer one gets a buffer of its own
const REOPEN_AFTER_MS = 1_000; // a folder that cannot be written is tried again once a second

/**
 * Opens the journal of this process in `<dir>/journal/<pid>-<startMs>.ndjson`.
 *
 * It survives `kill -9` (the operating system has the line), not a power cut: there is no fsync.
 * A folder that cannot be written is no reason to throw: `append` answers `false` and the folder is tried again later.
 */
export function openJournal(dir: string, options: JournalOptions = {}): Journal {
  return new FileJournal(join(dir, 'journal'), options.segmentBytes ?? SEGMENT_BYTES, options.maxBytes ?? MAX_BYTES);
}

class FileJournal implements Journal {
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #maxBytes: number;
  readonly #stem: string;
  #fd = -1;
  #number = 0;
  #current: Segment;
  #headerBytes = 0;
  #closed: Segment[] = [];
  #appended = 0;
  #acknowledged = 0;
  #retryAt = 0;
  #problem: string | undefined;

  constructor(folder: string, segmentBytes: number, maxBytes: number) {
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#maxBytes = maxBytes;
    this.#stem = `${process.pid}-${Math.floor(clock.now())}`;
    this.#current = { path: join(folder, `${this.#stem}.ndjson`), bytes: 0, lastLine: 0 };
    this.#open();
  }

  get path(): string {
    return this.#current.path;
  }

  get appended(): number {
    return this.#appended;
  }

  get lastProblem(): string | undefined {
    return this.#problem;
  }

  get bytes(): number {
    let sum = this.#current.bytes;
    for (const segment of this.#closed) sum += segment.bytes;
    return sum;
  }

  append(line: string): boolean {
    if (this.#fd < 0 && !this.#open()) return false;
    if (this.#current.bytes >= this.#segmentBytes) this.#rotate();
    if (this.#fd < 0) return false;
    const bytes = encode(line.endsWith('\n') ? line : `${line}\n`);
    if (this.bytes + bytes.length > this.#maxBytes) {
      this.#problem = `the journal holds ${this.bytes} of ${this.#maxBytes} bytes that nobody has stored yet`;
      return false;
    }
    if (!this.#write(bytes)) return false;
    this.#appended++;
    this.#problem = undefined;
    return true;
  }

  /** One system call; a write that was cut short is finished or taken back. */
  #write(bytes: Uint8Array): boolean {
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written, bytes.length - written, null);
      this.#current.bytes += bytes.length;
      return true;
    } catch (error) {
      this.#problem = safeMessage(error);
      if (written > 0) this.#takeBack();
      return false;
    }
  }

  #takeBack(): void {
    try {
      ftruncateSync(this.#fd, this.#current.bytes);
    } catch {
      this.#drop(); // half a line is at the end: the next line goes into a new file
    }
  }

  acknowledge(total: number): void {
    if (total <= this.#acknowledged) return;
    this.#acknowledged = Math.min(total, this.#appended);
    while (this.#closed.length > 0 && this.#closed[0]!.lastLine <= this.#acknowledged) {
      remove((this.#closed.shift() as Segment).path);
    }
    if (this.#acknowledged === this.#appended && this.#current.bytes >= EMPTY_FROM_BYTES) this.#empty();
  }

  settle(): void {
    if (this.#acknowledged === this.#appended && this.#current.bytes > this.#headerBytes) this.#empty();
  }

  #empty(): void {
    if (this.#fd < 0) return;
    try {
      ftruncateSync(this.#fd, this.#headerBytes);
      this.#current.bytes = this.#headerBytes;
    } catch {
      // It stays as it is: a line that is ingested twice counts once.
    }
  }

  close(): void {
    if (this.#fd < 0) return;
    const done = this.#acknowledged === this.#appended;
    this.#drop();
    this.#retryAt = Number.POSITIVE_INFINITY;
    if (done) for (const segment of this.#closed.splice(0)) remove(segment.path);
  }

  #rotate(): void {
    this.#drop();
    this.#retryAt = 0;
    this.#open();
  }

  /** Closes the file that is open and puts it in the list of closed segments. */
  #drop(): void {
    if (this.#fd < 0) return;
    try {
      closeSync(this.#fd);
    } catch {
      // Nothing is lost: each line was written when it was appended.
    }
    this.#fd = -1;
    this.#current.lastLine = this.#appended;
    this.#closed.push(this.#current);
  }

  #open(): boolean {
    const now = clock.mono();
    if (now < this.#retryAt) return false;
    let created: string | undefined;
    try {
      makeFolder(this.#folder);
      const { fd, path } = this.#create();
      this.#fd = fd;
      created = path;
      this.#headerBytes = writeSync(fd, `${JSON.stringify({ journal: 1, started: new Date(clock.now()).toISOString(), ...ownMark() })}\n`);
      this.#current = { path, bytes: fstatSync(fd).size, lastLine: 0 };
      return true;
    } catch (error) {
      this.#problem = safeMessage(error);
      if (this.#fd >= 0) {
        closeSync(this.#fd);
        this.#fd = -1;
      }
      if (created !== undefined) remove(created); // a full disk lets files be made that cannot be filled
      this.#retryAt = now + REOPEN_AFTER_MS;
      return false;
    }
  }

  /** A new file that nobody else has: another thread of this process may have taken the name. */
  #create(): { fd: number; path: string } {
    for (;;) {
      const path = join(this.#folder, this.#number === 0 ? `${this.#stem}.ndjson` : `${this.#stem}.${this.#number}.ndjson`);
      this.#number++;
      try {
        return { fd: openSync(path, 'ax', 0o600), path };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || this.#number > 100_000) throw error;
      }
    }
  }
}

const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

/** The bytes of a text, valid until the next call. */
function encode(text: string): Uint8Array {
  return text.length * 3 > BUFFER_BYTES ? Buffer.from(text) : buffer.subarray(0, buffer.write(text));
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or not ours to delete: a reader skips what was stored.
  }
}
