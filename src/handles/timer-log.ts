import type { Scope } from '../core/scope.ts';
import type { Site } from './origin.ts';

/** What Node's timer objects tell; the names are the same from Node 20 to 26 and are probed when patches are put in. */
export interface TimerInternals {
  readonly _destroyed: boolean;
  readonly _idleStart: number;
  readonly _idleTimeout: number;
  readonly _repeat: number | null;
  hasRef(): boolean;
}

/** One timer that was started. */
export interface TimerEntry {
  readonly id: number;
  readonly timer: TimerInternals;
  readonly scope: Scope | undefined;
  readonly site: Site | undefined;
  /** Monotonic milliseconds; 0 where the start was not stamped (short timers). */
  readonly openedMono: number;
}

/** Few enough that dead timers do not outlive two young collections and cost old ones; the sweep is amortised either way. */
const SWEEP_AT = 128;

/**
 * Every timer started, appended without a look at the clock or the stack: a few writes into columns. The dead ones (fired or
 * cleared, both of which Node marks on the timer) are swept out whenever the columns are full. A dead timer is therefore kept for
 * at most {@link SWEEP_AT} further timers, or as many as are open, or one sample of the registry (10 s).
 */
export class TimerLog {
  #timers: (TimerInternals | undefined)[] = emptyColumn(SWEEP_AT);
  #scopes: (Scope | undefined)[] = emptyColumn(SWEEP_AT);
  #sites: (Site | undefined)[] = emptyColumn(SWEEP_AT);
  #ids = new Float64Array(SWEEP_AT);
  #opened = new Float64Array(SWEEP_AT);
  #size = 0;

  add(id: number, timer: TimerInternals, scope: Scope | undefined, site: Site | undefined, openedMono: number): void {
    const at = this.#size;
    this.#timers[at] = timer;
    this.#scopes[at] = scope;
    this.#sites[at] = site;
    this.#ids[at] = id;
    this.#opened[at] = openedMono;
    this.#size = at + 1;
    if (at + 1 === this.#timers.length) this.#makeRoom();
  }

  #makeRoom(): void {
    this.sweep();
    const capacity = this.#timers.length;
    const wanted = Math.max(SWEEP_AT, 2 ** Math.ceil(Math.log2(2 * this.#size + 1)));
    if (wanted === capacity) return;
    for (const column of [this.#timers, this.#scopes, this.#sites]) resize(column, wanted);
    this.#ids = resized(this.#ids, this.#size, wanted);
    this.#opened = resized(this.#opened, this.#size, wanted);
  }

  /** Forgets the timers that have fired or were cleared. */
  sweep(): void {
    const count = this.#size;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const timer = this.#timers[i] as TimerInternals;
      if (timer._destroyed) continue;
      this.#timers[kept] = timer;
      this.#scopes[kept] = this.#scopes[i];
      this.#sites[kept] = this.#sites[i];
      this.#ids[kept] = this.#ids[i] as number;
      this.#opened[kept] = this.#opened[i] as number;
      kept++;
    }
    for (const column of [this.#timers, this.#scopes, this.#sites]) column.fill(undefined, kept, count);
    this.#size = kept;
  }

  /** The timers that run now, oldest first. */
  open(): TimerEntry[] {
    this.sweep();
    return Array.from({ length: this.#size }, (_, i) => ({
      id: this.#ids[i] as number,
      timer: this.#timers[i] as TimerInternals,
      scope: this.#scopes[i],
      site: this.#sites[i],
      openedMono: this.#opened[i] as number,
    }));
  }

  /** How many timers are remembered, dead ones included. */
  get size(): number {
    return this.#size;
  }

  clear(): void {
    for (const column of [this.#timers, this.#scopes, this.#sites]) column.fill(undefined, 0, this.#size);
    this.#size = 0;
  }
}

function emptyColumn<T>(length: number): (T | undefined)[] {
  return new Array<T | undefined>(length).fill(undefined);
}

function resize(column: unknown[], length: number): void {
  const former = column.length;
  column.length = length;
  if (length > former) column.fill(undefined, former);
}

function resized(column: Float64Array, size: number, length: number): Float64Array<ArrayBuffer> {
  const next = new Float64Array(length);
  next.set(column.subarray(0, size));
  return next;
}
