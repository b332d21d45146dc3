import { statSync } from 'node:fs';
import { type Day, dayPath, listDays, storeFolder } from './day-files.ts';
import { StoreError, storeFailure } from './failure.ts';
import type { LookupProblem } from './lookup.ts';
import { ReadFile } from './read-file.ts';

// Connections that stay open between look-ups; a store has 15 files by default.
const OPEN_FILES = 32;

/** The day files of a store, opened for reading when they are first needed. */
export class ReadFiles {
  readonly #dir: string;
  readonly #open = new Map<Day, ReadFile>();
  #problems: LookupProblem[] = [];

  constructor(dir: string) {
    this.#dir = dir;
  }

  get problems(): readonly LookupProblem[] {
    return this.#problems;
  }

  /** The days with a file, newest first. Throws `StoreError` when there is no store. */
  days(): Day[] {
    this.#problems = [];
    const folder = storeFolder(this.#dir);
    try {
      return listDays(this.#dir).reverse();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        throw new StoreError(
          'missing',
          `Cannot read "${folder}": it does not exist; start a program that uses Sonde there, or give its folder with --dir or SONDE_DIR`,
        );
      }
      throw storeFailure('read', folder, error);
    }
  }

  /** What `read` finds in the file of `day`; a file that cannot be read is noted as a problem and gives `undefined`. */
  read<T>(day: Day, read: (file: ReadFile) => T): T | undefined {
    try {
      return read(this.#file(day));
    } catch (error) {
      const failure = storeFailure('read', dayPath(this.#dir, day), error);
      this.#close(day);
      if (failure.code !== 'missing') this.#problems.push({ code: failure.code, message: failure.message });
      return undefined;
    }
  }

  close(): void {
    for (const day of [...this.#open.keys()]) this.#close(day);
  }

  #file(day: Day): ReadFile {
    const known = this.#open.get(day);
    if (known && statSync(known.path, { throwIfNoEntry: false })?.ino === known.inode) return known;
    if (known) this.#close(day);
    const file = new ReadFile(this.#dir, day);
    this.#open.set(day, file);
    if (this.#open.size > OPEN_FILES) this.#close(this.#open.keys().next().value as Day);
    return file;
  }

  #close(day: Day): void {
    this.#open.get(day)?.close();
    this.#open.delete(day);
  }
}
