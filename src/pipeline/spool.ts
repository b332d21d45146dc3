import { readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { clock } from '../core/clock.ts';
import { warn } from '../core/diag.ts';
import { safeMessage } from '../core/json.ts';
import { makeFolder } from '../core/make-folder.ts';
import { SIGNALS, type Signal } from '../core/records.ts';
import { isRunning } from '../errors/journal-reader.ts';
import type { WorkerLedger } from './ledger.ts';
import type { SpoolOptions } from './messages.ts';

/** One encoded request on disk. */
export interface SpoolEntry {
  readonly path: string;
  readonly signal: Signal;
  readonly count: number;
  readonly json: boolean;
  readonly gzip: boolean;
  readonly bytes: number;
  readonly writtenMs: number;
}

const MAX_BYTES = 256 * 1024 * 1024;
const MAX_AGE_MS = 7 * 86_400_000;
const ENTRY = /^(\d+)-(span|log|error|metric)-(\d+)-([pj])(g?)\.otlp$/;
const OWNER = /^(\d+)-(\d+)-(\d+)(-ended)?$/;

/** The name of a pipeline's folder in the spool: process, thread and start tell whether its owner still runs. */
export function spoolOwner(pid: number, threadId: number, startMs: number): string {
  return `${pid}-${threadId}-${Math.floor(startMs)}`;
}

/**
 * Requests that could not be sent, in `<dir>/spool/<owner>/`: one file each, written beside and renamed, so that a process
 * that is killed leaves whole files. Bounded in bytes and age; what has to give way is counted. The spool of a pipeline
 * that has ended, or whose process is gone, is taken over by the next one that starts, or whose receiver comes back.
 */
export class Spool {
  #folder: string;
  readonly #root: string;
  readonly #ledger: WorkerLedger;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  readonly #owner: string;
  #entries: SpoolEntry[] = [];
  #bytes = 0;
  #next = 1;
  /** Why the last entry could not be written. */
  problem: string | undefined;

  constructor(dir: string, owner: string, options: SpoolOptions, ledger: WorkerLedger) {
    this.#root = join(dir, 'spool');
    this.#folder = join(this.#root, owner);
    this.#owner = owner;
    this.#ledger = ledger;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#maxAgeMs = options.maxAgeMs ?? MAX_AGE_MS;
  }

  get folder(): string {
    return this.#folder;
  }

  get size(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Writes a request; `false` where that cannot be done: nothing is counted then. */
  put(signal: Signal, count: number, body: Uint8Array, json: boolean, gzip: boolean): boolean {
    const path = join(this.#folder, `${String(this.#next++).padStart(10, '0')}-${signal}-${count}-${json ? 'j' : 'p'}${gzip ? 'g' : ''}.otlp`);
    try {
      this.#write(path, body);
    } catch (error) {
      this.problem = safeMessage(error);
      return false;
    }
    this.problem = undefined;
    this.#entries.push({ path, signal, count, json, gzip, bytes: body.byteLength, writtenMs: clock.now() });
    this.#bytes += body.byteLength;
    return true;
  }

  #write(path: string, body: Uint8Array): void {
    const beside = `${path}.tmp`;
    try {
      writeFileSync(beside, body, { mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        rmSync(beside, { force: true }); // half a file on a full disk
        throw error;
      }
      makeFolder(this.#folder);
      writeFileSync(beside, body, { mode: 0o600 });
    }
    renameSync(beside, path);
  }

  /** Drops the oldest entries until the bound holds, and those that are too old; call it after the counts are published. */
  trim(): void {
    const oldestMs = clock.now() - this.#maxAgeMs;
    while (this.#bytes > this.#maxBytes) this.#drop('spool_full');
    while (this.#entries.length > 0 && (this.#entries[0] as SpoolEntry).writtenMs < oldestMs) this.#drop('expired');
  }

  #drop(reason: 'spool_full' | 'expired'): void {
    const entry = this.#entries.shift() as SpoolEntry;
    this.#bytes -= entry.bytes;
    this.#ledger.add(entry.signal, { spooled: -entry.count, dropped: { [reason]: entry.count } });
    remove(entry.path);
    const why =
      reason === 'expired' ? `older than ${Math.round(this.#maxAgeMs / 86_400_000)} days` : `beyond its bound of ${Math.round(this.#maxBytes / 1_048_576)} MiB`;
    warn(`spool-${reason}`, `the spool in ${this.#folder} is ${why}: the oldest records are dropped and counted as ${reason}`);
  }

  /** Takes the oldest entry and its bytes out of the list; the file stays until {@link finish}. */
  take(): { readonly entry: SpoolEntry; readonly body: Buffer } | undefined {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      this.#bytes -= entry.bytes;
      try {
        return { entry, body: readFileSync(entry.path) };
      } catch {
        // Somebody deleted it.
        this.#ledger.add(entry.signal, { spooled: -entry.count, dropped: { expired: entry.count } });
      }
    }
    return undefined;
  }

  /** The entry was not sent: it is the oldest again. */
  giveBack(entry: SpoolEntry): void {
    this.#entries.unshift(entry);
    this.#bytes += entry.bytes;
  }

  /** The entry's fate is known and counted. */
  finish(entry: SpoolEntry): void {
    remove(join(this.#folder, basename(entry.path))); // which may have another name since it was taken
  }

  /** Reads what a former worker of this pipeline left, and what others did. */
  open(spooledSoFar: (signal: Signal) => number): void {
    for (const entry of entriesIn(this.#folder)) this.#add(entry);
    for (const signal of SIGNALS) {
      const found = this.#entries.reduce((sum, entry) => sum + (entry.signal === signal ? entry.count : 0), 0);
      const unknown = found - spooledSoFar(signal); // written by a worker that died before it could count them
      if (unknown > 0) this.#ledger.add(signal, { inherited: unknown, spooled: unknown });
      else if (unknown < 0) this.#ledger.add(signal, { spooled: unknown, dropped: { expired: -unknown } }); // somebody deleted files
    }
    this.adopt();
  }

  /** Takes over the spools of pipelines that have ended meanwhile, such as those of threads, and of processes that are gone. */
  adopt(): void {
    for (const name of list(this.#root)) {
      const owner = OWNER.exec(name);
      const folder = join(this.#root, name);
      if (owner && folder !== this.#folder && (owner[4] !== undefined || !isRunning(Number(owner[1]), Number(owner[3])))) this.#inherit(folder);
    }
    this.trim();
  }

  #inherit(folder: string): void {
    for (const former of entriesIn(folder)) {
      const path = join(this.#folder, `${String(this.#next++).padStart(10, '0')}-${basename(former.path).replace(/^\d+-/, '')}`);
      try {
        makeFolder(this.#folder);
        renameSync(former.path, path);
      } catch {
        continue; // another process was faster
      }
      this.#add({ ...former, path });
      this.#ledger.add(former.signal, { inherited: former.count, spooled: former.count });
    }
    for (const name of list(folder)) if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true });
    removeFolder(folder);
  }

  #add(entry: SpoolEntry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    const number = Number(/(\d+)-[a-z]+-\d+-[pjg]+\.otlp$/.exec(entry.path)?.[1] ?? 0);
    if (number >= this.#next) this.#next = number + 1;
  }

  /** Removes the folder where it is empty; else it is left to the next pipeline, which may be one of this process. */
  close(): void {
    removeFolder(this.#folder);
    const ended = join(this.#root, `${this.#owner}-ended`);
    try {
      renameSync(this.#folder, ended);
      this.#folder = ended;
    } catch {
      // It is gone: it was empty.
    }
  }
}

/** The entries of a folder, oldest first. */
function entriesIn(folder: string): SpoolEntry[] {
  const entries: SpoolEntry[] = [];
  for (const name of list(folder).sort()) {
    const match = ENTRY.exec(name);
    if (!match) continue;
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    entries.push({
      path,
      signal: match[2] as Signal,
      count: Number(match[3]),
      json: match[4] === 'j',
      gzip: match[5] === 'g',
      bytes: stat.size,
      writtenMs: stat.mtimeMs,
    });
  }
  return entries;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already.
  }
}

function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or never made.
  }
}
