import { clock, holdProcess, type TimerHandle } from '../core/clock.ts';
import { type Duration, durationMs, formatMs } from '../core/duration.ts';
import { Latch } from '../core/latch.ts';
import { signal as scopeSignal, withSignal } from '../core/limit.ts';
import { defineError } from '../errors/define-error.ts';
import { report } from '../errors/report.ts';
import { runPulsing } from './heartbeat.ts';
import { decide, NO_RESTARTS, type RestartHistory, type RestartPolicy } from './restart-policy.ts';

/** What a ward is given at each start. */
export interface WardContext {
  /** Aborts when the ward must end: its heartbeat stopped, or its steward does. Also {@link signal} of its scope. */
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
  /** A sign of life; needed at least every `heartbeat`. The function of the same name does it too, wherever the ward calls it. */
  pulse(): void;
}

/** Work that a steward keeps alive. When it returns, it is done. */
export type Ward = (context: WardContext) => unknown;

/** What {@link supervise} can be told. */
export interface SuperviseOptions {
  /** How often the ward must pulse; without one only its failures restart it. */
  readonly heartbeat?: Duration;
  /** Waits before a restart: from `initial` (100ms) doubling up to `max` (30s). */
  readonly backoff?: { readonly initial?: Duration; readonly max?: Duration };
  /** Restarts `within` so long before the steward gives up; default 5. */
  readonly maxRestarts?: number;
  /** Default `'1m'`. */
  readonly within?: Duration;
  /** How long a ward may take to follow its signal before it is called not preemptable; default `'5s'`. */
  readonly grace?: Duration;
  /** Ends the steward; default: the signal of the scope. */
  readonly signal?: AbortSignal;
}

/** A ward under supervision. */
export interface Steward extends AsyncDisposable {
  readonly name: string;
  readonly restarts: number;
  /** Wards that were told to end and did not: they may still run. */
  readonly abandoned: number;
  readonly state: 'running' | 'waiting' | 'done' | 'stopped' | 'failed';
  /** Settles when the ward is done or the steward was stopped; rejects when the steward gives up. */
  readonly done: Promise<void>;
  /** Ends the ward and the steward; waits for the ward, at most the grace. */
  stop(): Promise<void>;
}

const WardRestarted = defineError<{ steward: string; attempt: number; why: string }>('sonde/ward-restarted', { status: 503, title: 'A ward was restarted' });
const WardStuck = defineError<{ steward: string; forMs: number }>('sonde/ward-not-preemptable', {
  status: 503,
  title: 'A ward ignores its signal',
  hint: 'Pass the signal on to what it waits for, or look at it between steps.',
});
const StewardGaveUp = defineError<{ steward: string; restarts: number }>('sonde/steward-gave-up', { status: 503, title: 'A steward gave up', kind: 'bug' });
const HeartbeatStopped = defineError<{ steward: string }>('sonde/ward-heartbeat-stopped', { status: 503, title: 'The heartbeat of a ward stopped' });

/**
 * Keeps a ward alive: starts it with a signal, restarts it when it throws or its heartbeat stops, with back-off, and gives up
 * when that happens too often.
 *
 * Shape: returns a {@link Steward}. A steward is a ward: `(context) => supervise('inner', ward, { signal: context.signal }).done`.
 * It holds the process while a ward waits for its restart.
 * Units: durations with units. Only a turning event loop counts against the heartbeat.
 * Errors: each restart is a record with an error ID; `done` rejects with `sonde/steward-gave-up` after `maxRestarts` restarts `within` so
 * long, its cause being the last failure. A ward that ignores its signal is reported, with how long, and left behind.
 * Source: stewards and wards in "Concurrency in Go"; supervisors in Erlang/OTP.
 *
 * @example
 * let starts = 0;
 * const steward = supervise('docs', async ({ attempt }) => {
 *   starts = attempt;
 *   if (attempt === 1) throw new Error('first');
 * }, { backoff: { initial: '1ms' } });
 * await steward.done;
 * starts === 2;
 */
export function supervise(name: string, ward: Ward, options: SuperviseOptions = {}): Steward {
  if (typeof ward !== 'function') throw new TypeError(`Cannot supervise "${name}": the ward is ${typeof ward}, expected a function`);
  const maxRestarts = options.maxRestarts ?? 5;
  if (!Number.isInteger(maxRestarts) || maxRestarts < 0)
    throw new RangeError(`Cannot supervise "${name}": maxRestarts is ${maxRestarts}, expected a whole number from 0`);
  if (typeof (options.backoff ?? {}) !== 'object')
    throw new TypeError(`Cannot supervise "${name}": backoff is ${typeof options.backoff}, expected { initial, max }`);
  if (options.signal !== undefined && typeof options.signal?.addEventListener !== 'function')
    throw new TypeError(`Cannot supervise "${name}": its signal is ${typeof options.signal}, expected an AbortSignal`);
  const policy: RestartPolicy = {
    initialMs: durationMs(options.backoff?.initial ?? '100ms', `the first back-off of "${name}"`),
    maxMs: durationMs(options.backoff?.max ?? '30s', `the longest back-off of "${name}"`),
    factor: 2,
    maxRestarts,
    withinMs: durationMs(options.within ?? '1m', `the window of "${name}"`),
  };
  const everyMs = options.heartbeat === undefined ? undefined : durationMs(options.heartbeat, `the heartbeat of "${name}"`);
  if (everyMs !== undefined && everyMs < 10) throw new RangeError(`Cannot supervise "${name}": its heartbeat is ${options.heartbeat}, expected 10ms or more`);
  const graceMs = durationMs(options.grace ?? '5s', `the grace of "${name}"`);
  return new RunningSteward(name, ward, policy, options.heartbeat, everyMs, graceMs, options.signal ?? scopeSignal());
}

class RunningSteward implements Steward {
  readonly name: string;
  restarts = 0;
  abandoned = 0;
  state: Steward['state'] = 'running';
  readonly done: Promise<void>;
  readonly #ward: Ward;
  readonly #policy: RestartPolicy;
  readonly #heartbeat: Duration | undefined;
  readonly #everyMs: number | undefined;
  readonly #graceMs: number;
  readonly #stop = new AbortController();
  #history: RestartHistory = NO_RESTARTS;

  constructor(
    name: string,
    ward: Ward,
    policy: RestartPolicy,
    heartbeatEvery: Duration | undefined,
    everyMs: number | undefined,
    graceMs: number,
    outer: AbortSignal | undefined,
  ) {
    this.name = name;
    this.#ward = ward;
    this.#policy = policy;
    this.#heartbeat = heartbeatEvery;
    this.#everyMs = everyMs;
    this.#graceMs = graceMs;
    const follow = (): void => this.#stop.abort(outer?.reason);
    if (outer?.aborted) follow();
    else outer?.addEventListener('abort', follow, { once: true });
    this.done = this.#run().finally(() => outer?.removeEventListener('abort', follow));
    // Whoever does not ask for the outcome has it in the records; it must not end the process.
    this.done.catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    for (let attempt = 1; !this.#stop.signal.aborted; attempt++) {
      this.state = 'running';
      const failure = await this.#runOnce(attempt);
      if (failure === undefined) {
        this.state = this.#stop.signal.aborted ? 'stopped' : 'done';
        return;
      }
      if (this.#stop.signal.aborted) break;
      await this.#afterFailure(failure.error, attempt);
    }
    this.state = 'stopped';
  }

  async #afterFailure(error: unknown, attempt: number): Promise<void> {
    const decision = decide(this.#policy, this.#history, clock.mono());
    if (decision.kind === 'escalate') {
      this.state = 'failed';
      const gaveUp = new StewardGaveUp(`The steward "${this.name}" gave up: ${decision.restarts} restarts within ${formatMs(this.#policy.withinMs)}`, {
        data: { steward: this.name, restarts: decision.restarts },
        cause: error,
      });
      report(gaveUp, { boundary: `supervise:${this.name}`, mechanism: 'boundary' });
      throw gaveUp;
    }
    this.#history = decision.history;
    this.restarts++;
    this.state = 'waiting';
    const why = error instanceof Error ? error.message : String(error);
    report(
      new WardRestarted(`The ward "${this.name}" is restarted in ${formatMs(decision.delayMs)} after attempt ${attempt}: ${why}`, {
        data: { steward: this.name, attempt, why },
        cause: error,
      }),
      {
        boundary: `supervise:${this.name}`,
        mechanism: 'boundary',
        attributes: { 'steward.name': this.name, 'steward.attempt': attempt, 'steward.restarts': this.restarts },
      },
    );
    await sleep(decision.delayMs, this.#stop.signal);
  }

  /** One life of the ward; answers how it failed, or nothing where it is done or was stopped. */
  async #runOnce(attempt: number): Promise<{ readonly error: unknown } | undefined> {
    const life = new AbortController();
    const end = (): void => life.abort(this.#stop.signal.reason);
    this.#stop.signal.addEventListener('abort', end, { once: true });
    const lost = new Latch<unknown>();
    const watch = this.#watch(life, lost);
    const ended = this.#start(life.signal, attempt, watch.pulse);
    try {
      const first = await Promise.race([ended, lost.promise.then((error) => ({ error })), aborted(life.signal)]);
      if (first !== 'aborted') {
        if (first === undefined || !life.signal.aborted) return first;
      }
      await this.#awaitEnd(ended);
      return this.#stop.signal.aborted ? undefined : { error: life.signal.reason };
    } finally {
      watch.stop();
      this.#stop.signal.removeEventListener('abort', end);
    }
  }

  async #start(signal: AbortSignal, attempt: number, beat: () => void): Promise<{ readonly error: unknown } | undefined> {
    try {
      await withSignal(signal, () => runPulsing(beat, () => this.#ward({ signal, attempt, pulse: beat })));
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Watches the heartbeat of one life; a lost one aborts it. */
  #watch(life: AbortController, lost: Latch<unknown>): { pulse(): void; stop(): void } {
    const everyMs = this.#everyMs;
    if (everyMs === undefined) return { pulse() {}, stop() {} };
    let lastMono = clock.mono();
    let dueMono = 0;
    let timer: TimerHandle;
    const checkMs = everyMs / 4;
    const check = (): void => {
      const mono = clock.mono();
      const lateMs = mono - dueMono;
      if (lateMs > checkMs / 2) lastMono += lateMs; // the loop stood still: nobody could pulse
      if (mono - lastMono > 2 * everyMs) {
        const error = new HeartbeatStopped(
          `The heartbeat of the ward "${this.name}" stopped: no pulse for ${formatMs(mono - lastMono)}, expected one every ${String(this.#heartbeat)}`,
          { data: { steward: this.name } },
        );
        lost.release(error);
        life.abort(error);
        return;
      }
      schedule();
    };
    const schedule = (): void => {
      dueMono = clock.mono() + checkMs;
      timer = clock.setTimeout(check, checkMs);
    };
    schedule();
    return {
      pulse() {
        lastMono = clock.mono();
      },
      stop() {
        clock.clearTimeout(timer);
      },
    };
  }

  /** Waits for a ward that was told to end. One that ignores its signal is reported, and left behind. */
  async #awaitEnd(ended: Promise<unknown>): Promise<void> {
    const startMono = clock.mono();
    const waited = new Latch<'late'>();
    const timer = clock.setTimeout(() => waited.release('late'), this.#graceMs);
    const first = await Promise.race([ended, waited.promise]);
    clock.clearTimeout(timer);
    if (first !== 'late') return;
    this.abandoned++;
    const tell = (how: string): void => {
      const forMs = clock.mono() - startMono;
      report(new WardStuck(`The ward "${this.name}" is not preemptable: ${how} ${formatMs(forMs)} after its signal`, { data: { steward: this.name, forMs } }), {
        boundary: `supervise:${this.name}`,
        mechanism: 'boundary',
        attributes: { 'steward.name': this.name, 'steward.ignored_ms': forMs },
      });
    };
    tell('it still runs');
    void ended.then(() => {
      this.abandoned--;
      tell('it ended');
    });
  }
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const over = new Latch();
  const timer = clock.setTimeout(() => over.release(), ms);
  // Unlike other timers of ours it holds the process, which would else end between two attempts as if the work were done.
  holdProcess(timer);
  const wake = (): void => over.release();
  if (signal.aborted) wake();
  else signal.addEventListener('abort', wake, { once: true });
  await over.promise;
  signal.removeEventListener('abort', wake); // the steward's signal outlives every wait
  clock.clearTimeout(timer);
}
