import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ErrorRecord } from '../core/records.ts';
import { sameAs, unfold } from './fold.ts';
import { markRuns, type ProcessMark } from './process-mark.ts';

/** One journal file, as it lies in the folder. */
export interface JournalFile {
  readonly path: string;
  readonly pid: number;
  readonly startMs: number;
  readonly segment: number;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** What was read from one file. */
export interface JournalContent {
  readonly records: readonly ErrorRecord[];
  /** Lines that are no record: the torn last line of a process that was killed while it wrote. */
  readonly unreadable: number;
}

const NAME = /^(\d{1,10})-(\d{1,16})(?:\.(\d{1,6}))?\.ndjson$/;
const CHUNK_BYTES = 1024 * 1024;
const MAX_LINE_BYTES = 4 * 1024 * 1024; // a record is bounded far below; a longer line is damage
const START_TOLERANCE_MS = 2_000; // between the process's start and a name that was made from the clock
const FOREIGN_IDLE_MS = 3_600_000; // a journal of another host (a shared volume) counts as left behind after an hour of silence

/** The journal files under `dir`, oldest first; none where there is no folder. */
export function listJournals(dir: string): JournalFile[] {
  const folder = join(dir, 'journal');
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  const files: JournalFile[] = [];
  for (const name of names) {
    const match = NAME.exec(name);
    if (!match) continue;
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue; // deleted meanwhile: it was stored
    files.push({ path, pid: Number(match[1]), startMs: Number(match[2]), segment: Number(match[3] ?? 0), bytes: stat.size, modifiedMs: stat.mtimeMs });
  }
  return files.sort((a, b) => a.startMs - b.startMs || a.pid - b.pid || a.segment - b.segment);
}

/**
 * The journals that no running process writes: they are to be replayed and then deleted.
 * `own` are the files of this process ({@link Journal.path}, all its segments share a beginning).
 */
export function abandonedJournals(dir: string, own: readonly string[] = [], nowMs: number = Date.now()): JournalFile[] {
  const ownStems = own.map(stem);
  return listJournals(dir).filter((file) => {
    if (ownStems.includes(stem(file.path))) return false;
    const running = markRuns(writerOf(file));
    return running === undefined ? nowMs - file.modifiedMs > FOREIGN_IDLE_MS : !running;
  });
}

function stem(path: string): string {
  return path.replace(/(?:\.\d+)?\.ndjson$/, '');
}

/** Who wrote a journal, by its first line; without one, by its name. */
function writerOf(file: JournalFile): ProcessMark {
  const first = readHead(file.path, 1_024).split('\n', 1)[0] ?? '';
  const byName = { pid: file.pid, host: hostname() };
  try {
    const header = JSON.parse(first) as Partial<ProcessMark> & { journal?: unknown };
    if (header.journal !== 1 || typeof header.host !== 'string') return byName;
    return { pid: file.pid, host: header.host, boot: textOf(header.boot), ticks: textOf(header.ticks) };
  } catch {
    return byName;
  }
}

/** Whether a process of this machine runs that began at `startMs`; this process is told from an earlier one with its number (a container's 1). */
export function isRunning(pid: number, startMs: number): boolean {
  if (pid === process.pid) return startMs >= Date.now() - process.uptime() * 1_000 - START_TOLERANCE_MS;
  return markRuns({ pid, host: hostname() }) === true;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function readHead(path: string, bytes: number): string {
  let fd = -1;
  try {
    fd = openSync(path, 'r');
    const buffer = Buffer.alloc(bytes);
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, bytes, 0));
  } catch {
    return '';
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** Reads one journal file; what is no record is counted. A file that is gone is empty. */
export function readJournal(path: string): JournalContent {
  const records: ErrorRecord[] = [];
  let unreadable = 0;
  for (const line of linesOf(path)) {
    const record = parseJournalLine(line);
    if (record === 'broken') unreadable++;
    else if (record !== 'header') records.push(record);
  }
  return { records, unreadable };
}

/** Reads all the journals under `dir`, oldest first. */
export function readJournals(dir: string): { readonly file: JournalFile; readonly content: JournalContent }[] {
  return listJournals(dir).map((file) => ({ file, content: readJournal(file.path) }));
}

/** Looks one ID up in the journals under `dir`: the last record with it, a compact one made whole where its whole one is there too. */
export function findInJournals(dir: string, id: string): ErrorRecord | undefined {
  const record = findOne(dir, id);
  const whole = sameAs(record);
  return record && whole !== undefined ? unfold(record, findOne(dir, whole)) : record;
}

/** Reads text first and parses only what has the ID in it. */
function findOne(dir: string, id: string): ErrorRecord | undefined {
  const needle = `"${id}"`;
  for (const file of listJournals(dir).reverse()) {
    let found: ErrorRecord | undefined;
    for (const line of linesOf(file.path)) {
      if (!line.includes(needle)) continue;
      const record = parseJournalLine(line);
      if (typeof record !== 'string' && record['error.id'] === id) found = record;
    }
    if (found) return found;
  }
  return undefined;
}

/** Reads one line of a journal. */
export function parseJournalLine(line: string): ErrorRecord | 'header' | 'broken' {
  try {
    const value = JSON.parse(line) as Record<string, unknown> | null;
    if (typeof value !== 'object' || value === null) return 'broken';
    if (value['journal'] !== undefined && value['error.id'] === undefined) return 'header';
    return typeof value['error.id'] === 'string' && typeof value['timestamp'] === 'string' ? (value as unknown as ErrorRecord) : 'broken';
  } catch {
    return 'broken';
  }
}

function* linesOf(path: string): Generator<string> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const read = readSync(fd, chunk, 0, CHUNK_BYTES, null);
      if (read === 0) break;
      const data = rest.length === 0 ? chunk.subarray(0, read) : Buffer.concat([rest, chunk.subarray(0, read)]);
      let from = 0;
      for (let end = data.indexOf(10, from); end >= 0; end = data.indexOf(10, from)) {
        if (end > from) yield data.toString('utf8', from, end);
        from = end + 1;
      }
      rest = Buffer.from(data.subarray(from));
      if (rest.length > MAX_LINE_BYTES) {
        yield '';
        rest = Buffer.alloc(0);
      }
    }
    if (rest.length > 0) yield rest.toString('utf8');
  } finally {
    closeSync(fd);
  }
}
