import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { clock, type TimerHandle } from '../core/clock.ts';
import { resolved, warn } from '../core/diag.ts';
import { pauseSync } from '../core/pause.ts';

/** Where lines go. A line ends in a newline. Never throws. */
export interface Destination {
  write(line: string): void;
  /** Writes what is held back; waits at most `withinMs` for a reader that takes nothing, five times that for one that is slow. Blocks: for the end of the process. */
  flushSync(withinMs: number): void;
  close(): void;
  readonly counts: { readonly written: number; readonly dropped: number; readonly pending: number };
}

/** What is held back for a reader that is slow; past it lines are dropped and counted. A burst of some 20,000 lines. */
const MAX_HELD = 4 * 1_048_576;
const FIRST_RETRY_MS = 2; // a reader that was only descheduled is back by then
const LAST_RETRY_MS = 100; // one that hangs costs ten looks a second
const PAUSE_MS = 2; // between two looks while the process ends
const READING = 5; // times the limit, where the reader takes something again and again: on a busy machine it only comes to its turn late
/** A write of a pipe up to 4,096 bytes is whole or not at all (POSIX); this many UTF-16 units are never more in UTF-8. */
const WHOLE = 1_365;

/**
 * Opens a file descriptor, by default standard output, so that a write neither blocks nor throws. Each line is written
 * at once; what the reader does not take is held, bounded, and tried again.
 */
export function openDestination(fd = 1, write: WriteSync = (at, data) => (typeof data === 'string' ? writeSync(at, data) : writeSync(at, data))): Destination {
  return new FdDestination(fd, write);
}

/** `writeSync` of `node:fs`: how many bytes were taken. */
type WriteSync = (fd: number, data: string | Buffer) => number;

class FdDestination implements Destination {
  readonly #fd: number;
  readonly #own: boolean;
  readonly #write: WriteSync;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #retryMs = FIRST_RETRY_MS;
  #retry: TimerHandle | undefined;
  #broken = false;
  /** The first line that is held was begun. */
  #begun = false;
  /** A line was begun and its rest is lost: the next one begins with a newline, so that only one is spoilt. */
  #torn = false;
  #written = 0;
  #dropped = 0;

  constructor(fd: number, write: WriteSync) {
    this.#write = write;
    const own = nonBlocking(fd);
    this.#fd = own ?? fd;
    this.#own = own !== undefined;
  }

  get counts(): Destination['counts'] {
    return { written: this.#written, dropped: this.#dropped, pending: this.#held.length };
  }

  write(given: string): void {
    if (this.#broken) {
      this.#dropped++;
      return;
    }
    const line = this.#torn ? `\n${given}` : given;
    if (this.#held.length > 0) {
      this.#hold(Buffer.from(line));
      return;
    }
    try {
      const bytes = this.#write(this.#fd, line);
      this.#torn = false;
      if (line.length <= WHOLE || bytes === Buffer.byteLength(line)) this.#written++;
      else this.#hold(Buffer.from(line).subarray(bytes), true);
    } catch (error) {
      if (this.#mayRetry(error)) this.#hold(Buffer.from(line));
      else this.#dropped++;
    }
  }

  flushSync(withinMs: number): void {
    const latestMono = clock.mono() + READING * withinMs;
    let untilMono = clock.mono() + withinMs;
    this.#drain();
    while (this.#held.length > 0 && !this.#broken && clock.mono() < untilMono) {
      pauseSync(PAUSE_MS);
      const before = this.#heldBytes;
      this.#drain();
      if (this.#heldBytes < before) untilMono = Math.min(latestMono, clock.mono() + withinMs);
    }
  }

  close(): void {
    if (this.#retry !== undefined) clock.clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#dropped += this.#held.length;
    this.#held = [];
    this.#broken = true;
    if (this.#own) {
      try {
        closeSync(this.#fd);
      } catch {
        // It is closed already.
      }
    }
  }

  #hold(rest: Buffer, begun = false): void {
    // The rest of a line that was begun is always held: a torn line would spoil the next one as well.
    if (this.#heldBytes + rest.length > MAX_HELD && !begun) {
      this.#dropped++;
      warn('log-slow', `standard output is read too slowly; ${MAX_HELD >> 20} MiB of log lines wait, further ones are dropped and counted`);
      return;
    }
    if (begun) this.#begun = true;
    this.#held.push(rest);
    this.#heldBytes += rest.length;
    this.#retry ??= clock.setTimeout(() => this.#onRetry(), this.#retryMs);
  }

  #onRetry(): void {
    this.#retry = undefined;
    const before = this.#heldBytes;
    this.#drain();
    if (this.#held.length === 0) {
      this.#retryMs = FIRST_RETRY_MS;
      resolved('log-slow', 'standard output is read again');
      return;
    }
    this.#retryMs = this.#heldBytes < before ? FIRST_RETRY_MS : Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    this.#retry = clock.setTimeout(() => this.#onRetry(), this.#retryMs);
  }

  #drain(): void {
    let done = 0;
    while (done < this.#held.length) {
      const line = this.#held[done] as Buffer;
      try {
        const bytes = this.#write(this.#fd, line);
        this.#heldBytes -= bytes;
        if (bytes < line.length) {
          this.#held[done] = line.subarray(bytes);
          this.#begun = true;
          break;
        }
        this.#begun = false;
        this.#written++;
        done++;
      } catch (error) {
        if (this.#mayRetry(error)) break;
        this.#dropped += this.#held.length - done;
        this.#torn = this.#begun;
        this.#begun = false;
        done = this.#held.length;
        this.#heldBytes = 0;
      }
    }
    if (done > 0) this.#held.splice(0, done);
  }

  /** Whether the reader may take the line later. One that is gone never does. */
  #mayRetry(error: unknown): boolean {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN' || code === 'EINTR' || code === 'ENOBUFS') return true;
    // A full disk may have room again: the line is lost and counted, the next one is tried.
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO') {
      warn('log-write', `cannot write log lines to standard output: ${code}; they are dropped and counted until it can be written`);
      return false;
    }
    this.#broken = true;
    warn('log-closed', `standard output is closed (${code ?? String(error)}); log lines are dropped and counted`);
    return false;
  }
}

/**
 * The same pipe or terminal opened anew without blocking, so that the flag holds for us alone and not for other
 * processes that share it. `undefined` where `fd` itself is used: a file never makes wait, and a socket (the standard
 * output that a Node parent gives) cannot be opened anew.
 */
function nonBlocking(fd: number): number | undefined {
  try {
    // In numbers of another kind: Node 20 keeps those of the last look in one place, and follows no symbolic link of a module after a pipe.
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFIFO() && !stat.isCharacterDevice() && !stat.isSocket()) return undefined;
    if (!stat.isSocket()) return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // Another system, or another owner of the pipe.
  }
  // Node makes the descriptor of its stream non-blocking when the stream is first asked for.
  if (fd === 1) void process.stdout;
  else if (fd === 2) void process.stderr;
  return undefined;
}
