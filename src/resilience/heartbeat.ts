import { clock } from '../core/clock.ts';
import { type Duration, durationMs, formatMs } from '../core/duration.ts';
import { currentScope, runInScope } from '../core/scope.ts';
import { type AnyFunction, makeWrapper, mimic, type Wrapper } from '../core/wrapper.ts';
import { defineError } from '../errors/define-error.ts';
import { report } from '../errors/report.ts';
import { blockedFor, takeCulprit, watch } from './heartbeat-monitor.ts';

/** What {@link heartbeat} can be told. */
export interface HeartbeatOptions {
  /** How often it must beat at least. It is late after two of these. */
  readonly every: Duration;
  /** Whether the process is not ready while it is late; default `true`. */
  readonly critical?: boolean;
  /** Whether a thread watches the event loop, to name the function that blocks it; default `true`, about 15 ms of CPU once. */
  readonly explain?: boolean;
}

/**
 * `idle`: nothing runs, nothing is expected · `beating` · `stuck`: the loop turns, the worker does not · `blocked`: the event
 * loop stood still, so that nobody could beat · `stopped`.
 */
export type HeartbeatState = 'idle' | 'beating' | 'stuck' | 'blocked' | 'stopped';

/** What is known of one heartbeat. */
export interface HeartbeatInfo {
  readonly name: string;
  readonly state: HeartbeatState;
  readonly everyMs: number;
  /** Milliseconds since the last beat; `undefined` while it is idle or stopped. */
  readonly ageMs: number | undefined;
  readonly beats: number;
  readonly critical: boolean;
  /** Why, where the state is not a good one. */
  readonly reason: string | undefined;
}

/** A wrapper that expects beats while a wrapped call runs, and the beat itself. */
export interface Heartbeat extends Wrapper, Disposable {
  readonly heartbeatName: string;
  /** Beats. The first one starts the watch where nothing is wrapped. */
  pulse(): void;
  info(): HeartbeatInfo;
  /** Ends the watch. */
  stop(): void;
}

const LATE_BEATS = 2; // one missed beat may be a slow one
const MAX_CULPRIT = 300; // characters of a function's name and place

const HeartbeatLate = defineError<{ heartbeat: string; verdict: 'stuck' | 'blocked'; ageMs: number; culprit: string | undefined }>('sonde/heartbeat-late', {
  status: 503,
  title: 'A heartbeat is late',
  hint: 'stuck: the worker waits for something that does not come; blocked: the function that is named keeps the event loop busy, move it to a worker thread or cut it up.',
});

const beats = new Map<string, Beat>();
const BEAT = Symbol.for('sonde.heartbeat');
const WARD = Symbol.for('sonde.ward.pulse');

/** Every heartbeat, for the page and for the gauge `sonde_heartbeat_age_seconds`. */
export function listHeartbeats(): HeartbeatInfo[] {
  return [...beats.values()].map((beat) => beat.info());
}

/** Why the process is not ready: one sentence for each critical heartbeat that is late. */
export function staleHeartbeats(): string[] {
  return listHeartbeats().flatMap(({ critical, reason }) => (critical && reason !== undefined ? [reason] : []));
}

/**
 * Beats the innermost heartbeat around this call, and the stewards around it: once for each unit of work. Outside of them it does nothing.
 *
 * @example
 * const consume = heartbeat('docs-consumer', { every: '5s', explain: false })(() => {
 *   pulse();
 *   return 'done';
 * });
 * consume() === 'done';
 */
export function pulse(): void {
  const scope = currentScope();
  (scope.getValue(BEAT) as Beat | undefined)?.pulse();
  (scope.getValue(WARD) as (() => void) | undefined)?.();
}

/** Runs a ward: {@link pulse} below it is also a sign of life of its own, and of the wards around it. */
export function runPulsing<T>(own: () => void, fn: () => T): T {
  const scope = currentScope();
  const around = scope.getValue(WARD) as (() => void) | undefined;
  const both = (): void => {
    own();
    around?.();
  };
  return runInScope(scope.setValue(WARD, around ? both : own), fn);
}

/**
 * Expects a sign of life at least `every` so often, and says who is at fault when none comes: a worker that is stuck, or a
 * function that blocks the event loop so that nobody can beat.
 *
 * Shape: a wrapper: while a wrapped call runs, it or what it calls must {@link pulse}; or a beat of its own: `beat.pulse()` and `beat.stop()`.
 * Units: `every` is a {@link Duration} from 10 ms; late after twice that.
 * Errors: a late heartbeat is one record with an error ID, never an exception; a name that is taken throws `TypeError`, `every` that is
 * none `RangeError`.
 * Source: heartbeats in "Concurrency in Go" (Katherine Cox-Buday).
 *
 * @example
 * const beat = heartbeat('docs-poller', { every: '5s', explain: false });
 * beat.pulse();
 * const { state } = beat.info();
 * beat.stop();
 * state === 'beating';
 */
export function heartbeat(name: string, options: HeartbeatOptions): Heartbeat {
  if (typeof name !== 'string' || name === '') throw new TypeError(`Cannot make the heartbeat "${String(name)}": the name is empty, expected a text`);
  const known = beats.get(name);
  if (known && known.state !== 'stopped') throw new TypeError(`Cannot make the heartbeat "${name}": the name is taken, expected a new one`);
  const everyMs = durationMs(options?.every, `the beat of "${name}"`);
  if (everyMs < 10) throw new RangeError(`Cannot make the heartbeat "${name}": it beats every ${options.every}, expected 10ms or more`);
  const beat = new Beat(name, everyMs, options.critical ?? true, options.explain ?? true);
  beats.set(name, beat);
  const wrapper = makeWrapper(`heartbeat "${name}"`, (fn) => beat.wrap(fn));
  return Object.assign(wrapper, {
    heartbeatName: name,
    pulse: () => beat.pulse(),
    info: () => beat.info(),
    stop: () => beat.stop(),
    [Symbol.dispose]: () => beat.stop(),
  });
}

class Beat {
  readonly name: string;
  readonly everyMs: number;
  readonly explain: boolean;
  readonly #critical: boolean;
  state: HeartbeatState = 'idle';
  #beats = 0;
  #lastMono = 0;
  #excusedMs = 0;
  #running = 0;
  #reason: string | undefined;
  #unwatch: (() => void) | undefined;

  constructor(name: string, everyMs: number, critical: boolean, explain: boolean) {
    this.name = name;
    this.everyMs = everyMs;
    this.#critical = critical;
    this.explain = explain;
  }

  pulse(): void {
    if (this.state === 'stopped') return;
    const mono = clock.mono();
    // After a block the worker's own timer may come before our check: the beat that was late tells it too.
    if (this.state === 'beating' && mono - this.#lastMono > LATE_BEATS * this.everyMs) this.#checkLate(mono);
    this.#beats++;
    this.#lastMono = mono;
    this.#excusedMs = 0;
    this.#reason = undefined;
    this.state = 'beating';
    this.#unwatch ??= watch(this);
  }

  stop(): void {
    this.#rest('stopped');
    if (beats.get(this.name) === this) beats.delete(this.name);
  }

  info(): HeartbeatInfo {
    const { name, state, everyMs } = this;
    const watched = state !== 'idle' && state !== 'stopped';
    return {
      name,
      state,
      everyMs,
      ageMs: watched ? clock.mono() - this.#lastMono : undefined,
      beats: this.#beats,
      critical: this.#critical,
      reason: this.#reason,
    };
  }

  wrap(fn: AnyFunction): AnyFunction {
    const beat = this;
    return mimic(function (this: unknown, ...args: unknown[]): unknown {
      beat.#running++;
      beat.pulse();
      let result: unknown;
      try {
        result = runInScope(currentScope().setValue(BEAT, beat), () => Reflect.apply(fn, this, args) as unknown);
      } catch (error) {
        beat.#ended();
        throw error;
      }
      if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') {
        beat.#ended();
        return result;
      }
      return (result as Promise<unknown>).then(
        (value) => {
          beat.#ended();
          return value;
        },
        (error: unknown) => {
          beat.#ended();
          throw error;
        },
      );
    }, fn);
  }

  check(mono: number, blockedMs: number, culprit: string | undefined): void {
    this.#excusedMs += blockedMs;
    const ageMs = mono - this.#lastMono;
    if (ageMs <= LATE_BEATS * this.everyMs) return;
    // Time in which the loop stood still counts for nobody: the worker gets its full two beats of a turning loop.
    if (ageMs - this.#excusedMs > LATE_BEATS * this.everyMs) this.#late('stuck', ageMs, undefined);
    else if (blockedMs > 0) this.#late('blocked', blockedMs, culprit?.slice(0, MAX_CULPRIT));
  }

  #checkLate(mono: number): void {
    const blockedMs = blockedFor(mono);
    this.check(mono, blockedMs, blockedMs > 0 ? takeCulprit() : undefined);
  }

  #late(verdict: 'stuck' | 'blocked', forMs: number, culprit: string | undefined): void {
    if (this.state === verdict) return;
    this.state = verdict;
    const cause =
      verdict === 'stuck'
        ? `no beat for ${formatMs(forMs)}, its worker is stuck`
        : `the event loop was blocked for ${formatMs(forMs)}${culprit ? ` by ${culprit}` : ''}`;
    this.#reason = `heartbeat "${this.name}": ${cause}`;
    report(new HeartbeatLate(`Late ${this.#reason}`, { data: { heartbeat: this.name, verdict, ageMs: forMs, culprit } }), {
      attributes: { 'heartbeat.name': this.name, 'heartbeat.verdict': verdict, ...(culprit && { 'code.function.name': culprit }) },
    });
  }

  #ended(): void {
    if (--this.#running === 0 && this.state !== 'stopped') this.#rest('idle');
  }

  #rest(state: 'idle' | 'stopped'): void {
    this.state = state;
    this.#reason = undefined;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
