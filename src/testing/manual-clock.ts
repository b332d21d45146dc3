import { AsyncResource } from 'node:async_hooks';
import { type Clock, useClock } from '../core/clock.ts';
import { type Duration, durationMs } from '../core/duration.ts';

/** A clock that moves only when it is told to. */
export interface ManualClock extends Disposable {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** Monotonic clock, milliseconds. */
  mono(): number;
  /** Timers that wait. */
  readonly waiting: number;
  /** Moves on, fires the timers that become due in their order, and lets the promises between them run. */
  advance(by: Duration): Promise<void>;
  /** Moves on without firing anything, as when a callback blocks the event loop: timers are late afterwards. */
  block(time: Duration): void;
  /** Moves the wall clock alone, as when somebody sets it. */
  setNow(ms: number): void;
  /** Puts the former clock back. */
  restore(): void;
}

/**
 * Puts a clock in place that stands still until it is moved: deadlines, retries, tickers, leases and heartbeats of Sonde follow it.
 *
 * Shape: `using time = manualClock()`, then `await time.advance('5s')`. The program's own `setTimeout` is not touched.
 * Units: `now` is in milliseconds since the Unix epoch; default 2026-01-01T00:00:00Z.
 * Errors: `advance` throws `RangeError` for what is no duration.
 *
 * @example
 * const time = manualClock();
 * const beat = ticker('1s', () => {}, { name: 'docs' });
 * await time.advance('3s');
 * const { ticks } = beat;
 * await beat.stop();
 * time.restore();
 * ticks === 3;
 */
export function manualClock(options: { readonly now?: number } = {}): ManualClock {
  const clock = new StandingClock(options.now ?? Date.UTC(2026, 0, 1));
  const restore = useClock(clock);
  return Object.assign(clock, { restore, [Symbol.dispose]: restore });
}

interface Timer {
  readonly id: number;
  readonly dueMs: number;
  readonly fn: () => void;
}

const MAX_FIRED = 1_000_000; // one advance; beyond it a timer of 0 ms starts itself again for ever

class StandingClock implements Clock {
  #nowMs: number;
  #monoMs = 1_000; // not 0: code that takes 0 for "not yet" is found
  #lastId = 0;
  readonly #timers = new Map<number, Timer>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  mono(): number {
    return this.#monoMs;
  }

  get waiting(): number {
    return this.#timers.size;
  }

  /** As with a real timer, `fn` runs in the scope in which it was given. */
  setTimeout(fn: () => void, ms: number): number {
    const id = ++this.#lastId;
    this.#timers.set(id, { id, dueMs: this.#monoMs + Math.max(0, ms || 0), fn: AsyncResource.bind(fn) });
    return id;
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as number);
  }

  block(time: Duration): void {
    this.#move(this.#monoMs + durationMs(time, 'the time to block'));
  }

  setNow(ms: number): void {
    this.#nowMs = ms;
  }

  async advance(by: Duration): Promise<void> {
    const untilMs = this.#monoMs + durationMs(by, 'the time to advance');
    await settle();
    for (let fired = 0; ; fired++) {
      const next = this.#nextDue(untilMs);
      if (next === undefined) break;
      if (fired === MAX_FIRED) throw new RangeError(`Cannot advance by ${by}: ${MAX_FIRED} timers fired, expected the timers to come to an end`);
      this.#timers.delete(next.id);
      this.#move(next.dueMs);
      next.fn();
      await settle();
    }
    this.#move(untilMs);
  }

  #nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers.values()) if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    return next;
  }

  #move(toMs: number): void {
    if (toMs <= this.#monoMs) return;
    this.#nowMs += toMs - this.#monoMs;
    this.#monoMs = toMs;
  }
}

// Taken before any fake timers: a turn of the real loop runs every promise that is ready.
const plainSetImmediate = globalThis.setImmediate;
function settle(): Promise<void> {
  return new Promise((resolve) => plainSetImmediate(() => resolve()));
}
