import type { Signal } from '../../core/records.ts';
import type { DayFile } from '../day-file.ts';

// Names of spans and types of errors are few by nature; a program that puts an ID in a name must not fill the table.
const MAX_KEYS = 2_000;
const OVERFLOW = 'overflow';

const UPSERT = `
INSERT INTO rollups (minute, signal, key, resource, count, failed, sum_ms, max_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = count + excluded.count, failed = failed + excluded.failed,
  sum_ms = sum_ms + excluded.sum_ms, max_ms = max(max_ms, excluded.max_ms)`;

interface Cell {
  readonly minute: number;
  readonly key: string;
  readonly resource: number;
  count: number;
  failed: number;
  sumMs: number;
  maxMs: number;
}

const keysOf = new WeakMap<DayFile, Set<string>>();

/** The counts of one batch, summed in memory so that the table is touched once a minute and key. */
export class Rollup {
  readonly #signal: Signal;
  readonly #cells = new Map<string, Cell>();
  readonly #file: DayFile;
  readonly #keys: Set<string>;

  constructor(file: DayFile, signal: Signal) {
    this.#file = file;
    this.#signal = signal;
    this.#keys = keysOf.get(file) ?? new Set();
    keysOf.set(file, this.#keys);
  }

  add(timeMs: number, name: string, resource: number, failed = false, durationMs = 0): void {
    const minute = Math.floor(timeMs / 60_000);
    const key = this.#admit(name);
    const id = `${minute} ${resource} ${key}`;
    const cell = this.#cells.get(id);
    if (cell === undefined) {
      this.#cells.set(id, { minute, key, resource, count: 1, failed: failed ? 1 : 0, sumMs: durationMs, maxMs: durationMs });
      return;
    }
    cell.count++;
    if (failed) cell.failed++;
    cell.sumMs += durationMs;
    if (durationMs > cell.maxMs) cell.maxMs = durationMs;
  }

  write(): void {
    const upsert = this.#file.prepare(UPSERT);
    for (const c of this.#cells.values()) upsert.run(c.minute, this.#signal, c.key, c.resource, c.count, c.failed, c.sumMs, c.maxMs);
  }

  #admit(name: string): string {
    const id = `${this.#signal} ${name}`;
    if (this.#keys.has(id)) return name;
    if (this.#keys.size >= MAX_KEYS) return OVERFLOW;
    this.#keys.add(id);
    return name;
  }
}
