import { clock, MAX_TIMER_MS, type TimerHandle } from '../core/clock.ts';
import { type Duration, durationMs } from '../core/duration.ts';
import { withSignal } from '../core/limit.ts';
import { currentScope, ROOT, runInScope, type Scope } from '../core/scope.ts';
import { report } from '../errors/report.ts';
import type { Kind } from './kinds.ts';
import { captureSite } from './origin.ts';
import { ownerEnded } from './owner.ts';
import { enter } from './registry.ts';

/** What {@link ticker} can be told. */
export interface TickerOptions {
  /** Shown in `/debug/handles` and in records; default: the function's name. */
  readonly name?: string;
  /** Stops the ticker; default: the {@link signal} of the scope it is made in. */
  readonly signal?: AbortSignal;
  /** Whether it lives on when the call it is made in has ended; default `false`. */
  readonly detached?: boolean;
}

/** What a tick is told. */
export interface Tick {
  /** From 1. */
  readonly number: number;
  /** Aborts when the ticker stops. */
  readonly signal: AbortSignal;
}

/** A periodic job that knows its name, its counts and how to stop. */
export interface Ticker extends AsyncDisposable {
  readonly name: string;
  /** Ticks that ran, those that failed included. */
  readonly ticks: number;
  /** Ticks left out because the one before was still running, or because the event loop was late by a period or more. */
  readonly overruns: number;
  readonly errors: number;
  readonly stopped: boolean;
  /** Stops it; settles when a tick that is running has ended. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Runs `fn` every `period`: never two at a time, without drift, counted, and stopped with its scope.
 *
 * Shape: returns a {@link Ticker}; `fn` may be async, a tick that is due while one runs is left out and counted as an overrun.
 * A ticker made inside a traced call or a request stops when that ends, unless `detached`.
 * Units: `period` is a {@link Duration} of 1 ms to 24 days; ticks are due at whole periods after the start. It never holds the process.
 * Errors: what `fn` throws is reported with an error ID and counted, and the ticker goes on; a `period` that is none throws `RangeError`.
 * Source: Go's time.Ticker, which drops ticks for slow receivers too.
 *
 * @example
 * const beat = ticker('5s', () => {}, { name: 'refresh' });
 * await beat.stop();
 * beat.stopped === true;
 */
export function ticker(period: Duration, fn: (tick: Tick) => unknown, options: TickerOptions = {}): Ticker {
  if (typeof fn !== 'function') throw new TypeError(`Cannot make a ticker of "${String(fn)}": is ${typeof fn}, expected a function`);
  const name = options.name ?? (fn.name || 'ticker');
  const periodMs = durationMs(period, `the period of ticker "${name}"`);
  if (periodMs < 1 || periodMs > MAX_TIMER_MS) throw new RangeError(`Cannot make the ticker "${name}": the period is ${period}, expected 1ms to 24d`);
  if (options.signal !== undefined && typeof options.signal?.addEventListener !== 'function')
    throw new TypeError(`Cannot make the ticker "${name}": its signal is ${typeof options.signal}, expected an AbortSignal`);
  const scope = options.detached ? ROOT : currentScope();
  const made = new RunningTicker(name, periodMs, fn, scope, options.signal ?? (options.detached ? undefined : scope.limit?.signal));
  if (!made.stopped) enter(TICKER, made, captureSite(ticker));
  return made;
}

class RunningTicker implements Ticker {
  readonly name: string;
  ticks = 0;
  overruns = 0;
  errors = 0;
  lastMono: number;
  readonly #periodMs: number;
  readonly #fn: (tick: Tick) => unknown;
  readonly #scope: Scope;
  readonly #startMono: number;
  readonly #abort = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #stopNow = (): void => void this.stop();
  #due = 0;
  #timer: TimerHandle | undefined;
  #running: Promise<void> | undefined;

  constructor(name: string, periodMs: number, fn: (tick: Tick) => unknown, scope: Scope, outer: AbortSignal | undefined) {
    this.name = name;
    this.#periodMs = periodMs;
    this.#fn = fn;
    this.#scope = scope;
    this.#outer = outer;
    this.#startMono = clock.mono();
    this.lastMono = this.#startMono;
    if (outer?.aborted) this.#abort.abort(outer.reason);
    else {
      outer?.addEventListener('abort', this.#stopNow, { once: true });
      this.#schedule();
    }
  }

  get stopped(): boolean {
    return this.#abort.signal.aborted;
  }

  get periodMs(): number {
    return this.#periodMs;
  }

  async stop(): Promise<void> {
    if (!this.stopped) {
      clock.clearTimeout(this.#timer as TimerHandle);
      this.#outer?.removeEventListener('abort', this.#stopNow);
      this.#abort.abort();
    }
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #schedule(): void {
    this.#due++;
    const late = Math.floor((clock.mono() - this.#startMono) / this.#periodMs) - this.#due + 1;
    if (late > 0) {
      this.overruns += late;
      this.#due += late;
    }
    const inMs = this.#startMono + this.#due * this.#periodMs - clock.mono();
    this.#timer = clock.setTimeout(() => this.#onDue(), Math.max(0, inMs));
  }

  #onDue(): void {
    if (this.stopped) return;
    if (ownerEnded(this.#scope) !== undefined) {
      void this.stop();
      return;
    }
    const early = this.#startMono + this.#due * this.#periodMs - clock.mono();
    if (early > 0.5) {
      // Node fires timers up to a millisecond early; a tick is never early by more than half of one.
      this.#timer = clock.setTimeout(() => this.#onDue(), Math.ceil(early));
      return;
    }
    if (this.#running) this.overruns++;
    else this.#run();
    this.#schedule();
  }

  #run(): void {
    this.ticks++;
    this.lastMono = clock.mono();
    try {
      const result: unknown = runInScope(this.#scope, () => withSignal(this.#abort.signal, () => this.#fn({ number: this.ticks, signal: this.#abort.signal })));
      if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return;
      this.#running = Promise.resolve(result as PromiseLike<unknown>).then(
        () => this.#ended(),
        (error: unknown) => this.#ended(error, true),
      );
    } catch (error) {
      this.#failed(error);
    }
  }

  #ended(error?: unknown, failed = false): void {
    this.#running = undefined;
    if (failed) this.#failed(error);
  }

  #failed(error: unknown): void {
    // A tick that was told to stop and throws the signal's reason did what it should.
    if (this.stopped && error === this.#abort.signal.reason) return;
    this.errors++;
    runInScope(this.#scope, () => report(error, { boundary: `ticker:${this.name}`, mechanism: 'boundary' }));
  }
}

const TICKER: Kind = {
  type: 'ticker',
  close: 'await ticker.stop()',
  isOpen: (handle) => !(handle as RunningTicker).stopped,
  holds: () => false,
  activity: (handle) => (handle as RunningTicker).ticks,
  detail(handle) {
    const { name, ticks, overruns, errors, periodMs } = handle as RunningTicker;
    return `${name} every ${periodMs}ms: ${ticks} ticks, ${overruns} overruns, ${errors} errors`;
  },
};

/** What the list shows of a ticker beyond its kind; `undefined` where the handle is none. */
export function tickerState(handle: object): { readonly lastMono: number } | undefined {
  return handle instanceof RunningTicker ? handle : undefined;
}
