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

/**
 * Every timer started, appended without a look at the clock or the stack: four array writes. The dead ones (fired or
 * cleared, both of which Node marks on the timer) are swept out whenever the log has doubled. A dead timer is therefore kept for
 * at most {@link SWEEP_AT} further timers or one sample of the registry (10 s).
 */
const SWEEP_AT = 1_024; // keeps the amortised sweep near 10 ns a timer and at most a few 100 kB of dead timers

export class TimerLog {
  #timers: TimerInternals[] = [];
  #scopes: (Scope | undefined)[] = [];
  #sites: (Site | undefined)[] = [];
  #opened: number[] = [];
  #ids: number[] = [];
  #sweepAt = SWEEP_AT;
  readonly #nextId: () => number;

  constructor(nextId: () => number) {
    this.#nextId = nextId;
  }

  add(timer: TimerInternals, scope: Scope | undefined, site: Site | undefined, openedMono: number): void {
    this.#timers.push(timer);
    this.#scopes.push(scope);
    this.#sites.push(site);
    this.#opened.push(openedMono);
    this.#ids.push(this.#nextId());
    if (this.#timers.length >= this.#sweepAt) this.sweep();
  }

  /** Forgets the timers that have fired or were cleared. */
  sweep(): void {
    const count = this.#timers.length;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const timer = this.#timers[i] as TimerInternals;
      if (timer._destroyed) continue;
      if (kept !== i) {
        this.#timers[kept] = timer;
        this.#scopes[kept] = this.#scopes[i];
        this.#sites[kept] = this.#sites[i];
        this.#opened[kept] = this.#opened[i] as number;
        this.#ids[kept] = this.#ids[i] as number;
      }
      kept++;
    }
    for (const column of [this.#timers, this.#scopes, this.#sites, this.#opened, this.#ids]) column.length = kept;
    this.#sweepAt = Math.max(SWEEP_AT, 2 * kept);
  }

  /** The timers that run now, oldest first. */
  open(): TimerEntry[] {
    this.sweep();
    return this.#timers.map((timer, i) => ({
      id: this.#ids[i] as number,
      timer,
      scope: this.#scopes[i],
      site: this.#sites[i],
      openedMono: this.#opened[i] as number,
    }));
  }

  /** How many timers are remembered, dead ones included. */
  get size(): number {
    return this.#timers.length;
  }

  clear(): void {
    for (const column of [this.#timers, this.#scopes, this.#sites, this.#opened, this.#ids]) column.length = 0;
    this.#sweepAt = SWEEP_AT;
  }
}
