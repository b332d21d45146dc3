import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A UTC day, `2026-11-21`: the name of a file of the store, and sortable. */
export type Day = string;

export const DAY_MS = 86_400_000;
/** Stands in the place of a day for the file that outlives the days: what is known of error groups. */
export const HISTORY: Day = 'history';
const DAY_FILE = /^(\d{4}-\d{2}-\d{2})\.db$/;
const SET_ASIDE = /^(\d{4}-\d{2}-\d{2})\.db\.corrupt-\d+(?:-wal|-shm)?$/;

export function dayOf(timeMs: number): Day {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** The folder of the day files. */
export function storeFolder(dir: string): string {
  return join(dir, 'store');
}

export function dayPath(dir: string, day: Day): string {
  return join(dir, 'store', `${day}.db`);
}

/** The days that have a file, oldest first; throws when the folder cannot be read. */
export function listDays(dir: string): Day[] {
  const days: Day[] = [];
  for (const name of readdirSync(storeFolder(dir))) {
    const match = DAY_FILE.exec(name);
    if (match?.[1]) days.push(match[1]);
  }
  return days.sort();
}

/** Files that were damaged and set aside, with the day they held. */
export function listSetAside(dir: string): { day: Day; path: string }[] {
  return readdirSync(storeFolder(dir)).flatMap((name) => {
    const match = SET_ASIDE.exec(name);
    return match?.[1] ? [{ day: match[1], path: join(storeFolder(dir), name) }] : [];
  });
}

/** Bytes of a file, with SQLite's files beside it where there are any; 0 when it is gone. */
export function fileBytes(path: string): number {
  let bytes = 0;
  for (const suffix of ['', '-wal', '-shm']) bytes += statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
