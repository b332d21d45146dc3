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
  /** Monotonic milliseconds; 0 where the start was not stamped: Node's own stamp, `_idleStart`, tells it. */
  readonly openedMono: number;
}

/** Few enough that dead timers do not outlive two young collections and cost old ones; the sweep is amortised either way. */
const SWEEP_AT = 128;

/**
 * Every timer started. Most are *bare*: appended without a look at the clock or the stack, two writes into columns, and numbered
 * when somebody looks. Those worth more have an entry of their own. The dead ones (fired or cleared, both of which Node marks on
 * the timer) are swept out whenever the columns are full: a dead timer is kept for at most {@link SWEEP_AT} further timers, or as
 * many as are open, or one sample of the registry (10 s).
 */
export class TimerLog {
  #entries: TimerEntry[] = [];
  #sweepEntriesAt = SWEEP_AT;
  // Columns of a fixed length: a push would cost as much as the rest of the note.
  #bare: (TimerInternals | undefined)[] = emptyColumn(SWEEP_AT);
  #scopes: (Scope | undefined)[] = emptyColumn(SWEEP_AT);
  #size = 0;
  readonly #ids = new WeakMap<TimerInternals, number>();
  readonly #nextId: () => number;

  constructor(nextId: () => number) {
    this.#nextId = nextId;
  }

  add(timer: TimerInternals, scope: Scope | undefined, site: Site | undefined, openedMono: number): void {
    this.#entries.push({ id: this.#nextId(), timer, scope, site, openedMono });
    if (this.#entries.length >= this.#sweepEntriesAt) this.#sweepEntries();
  }

  addBare(timer: TimerInternals, scope: Scope | undefined): void {
    const at = this.#size;
    this.#bare[at] = timer;
    this.#scopes[at] = scope;
    this.#size = at + 1;
    if (at + 1 === this.#bare.length) this.#makeRoom();
  }

  #makeRoom(): void {
    this.#sweepBare();
    const wanted = roomFor(this.#size);
    for (const column of [this.#bare, this.#scopes]) resize(column, wanted);
  }

  /** Forgets the timers that have fired or were cleared. */
  sweep(): void {
    this.#sweepEntries();
    this.#sweepBare();
  }

  #sweepEntries(): void {
    this.#entries = this.#entries.filter(({ timer }) => !timer._destroyed);
    this.#sweepEntriesAt = roomFor(this.#entries.length);
  }

  #sweepBare(): void {
    const count = this.#size;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const timer = this.#bare[i] as TimerInternals;
      if (timer._destroyed) continue;
      this.#bare[kept] = timer;
      this.#scopes[kept] = this.#scopes[i];
      kept++;
    }
    for (const column of [this.#bare, this.#scopes]) column.fill(undefined, kept, count);
    this.#size = kept;
  }

  /** Gives a number to each timer that has none yet: what is noted from now on has a higher one. */
  number(): void {
    this.#sweepBare();
    for (let i = 0; i < this.#size; i++) this.#idOf(this.#bare[i] as TimerInternals);
  }

  #idOf(timer: TimerInternals): number {
    const known = this.#ids.get(timer);
    if (known !== undefined) return known;
    const id = this.#nextId();
    this.#ids.set(timer, id);
    return id;
  }

  /** The timers that run now: those with an entry, then the bare ones, each oldest first. */
  open(): TimerEntry[] {
    this.sweep();
    const bare = Array.from({ length: this.#size }, (_, i) => {
      const timer = this.#bare[i] as TimerInternals;
      return { id: this.#idOf(timer), timer, scope: this.#scopes[i], site: undefined, openedMono: 0 };
    });
    return [...this.#entries, ...bare];
  }

  /** How many timers are remembered, dead ones included. */
  get size(): number {
    return this.#entries.length + this.#size;
  }

  clear(): void {
    this.#entries = [];
    for (const column of [this.#bare, this.#scopes]) column.fill(undefined, 0, this.#size);
    this.#size = 0;
  }
}

function emptyColumn<T>(length: number): (T | undefined)[] {
  return new Array<T | undefined>(length).fill(undefined);
}

/** Twice what is kept, so that each sweep is paid for by as many notes. */
function roomFor(kept: number): number {
  return Math.max(SWEEP_AT, 2 ** Math.ceil(Math.log2(2 * kept + 1)));
}

function resize(column: unknown[], length: number): void {
  const former = column.length;
  if (former === length) return;
  column.length = length;
  if (length > former) column.fill(undefined, former);
}
