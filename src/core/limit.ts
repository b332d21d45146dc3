import { clock } from './clock.ts';
import { currentScope, type Limit, runInScope, Scope } from './scope.ts';

/**
 * The abort signal of the innermost deadline or cancellation around this call; `undefined` where there is none.
 *
 * @example
 * signal() === undefined;
 */
export function signal(): AbortSignal | undefined {
  return currentScope().limit?.signal;
}

/**
 * How long the running code may still take: milliseconds left (not below 0), and the moment; `undefined` without a deadline.
 *
 * @example
 * deadline() === undefined;
 */
export function deadline(): { readonly leftMs: number; readonly at: Date } | undefined {
  const limit = currentScope().limit;
  if (limit === undefined || limit.deadlineMs === Number.POSITIVE_INFINITY) return undefined;
  const leftMs = Math.max(0, limit.deadlineMs - clock.mono());
  return { leftMs, at: new Date(clock.now() + leftMs) };
}

/** Whether a limit's signal has aborted; asks for none that need not exist. */
export function isAborted(limit: Limit): boolean {
  return limit.abortedMono !== undefined || (limit.isAsked !== false && limit.signal.aborted);
}

/** Joins a further limit with the one that holds: the earlier deadline, either signal. */
export function narrowLimit(former: Limit | undefined, deadlineMs: number, abort: AbortSignal): Limit {
  return new NotedLimit(Math.min(former?.deadlineMs ?? Number.POSITIVE_INFINITY, deadlineMs), abort, former);
}

interface Note {
  abortedMono: number | undefined;
}

// One listener for each signal, however many calls run under it: that of a ticker or a server lives as long as the process.
const notes = new WeakMap<AbortSignal, Note>();

function noteOf(signal: AbortSignal): Note {
  const known = notes.get(signal);
  if (known) return known;
  const note: Note = { abortedMono: signal.aborted ? clock.mono() : undefined };
  if (!signal.aborted) {
    signal.addEventListener(
      'abort',
      () => {
        note.abortedMono = clock.mono();
      },
      { once: true },
    );
  }
  notes.set(signal, note);
  return note;
}

/**
 * A limit that knows when its signal aborted: how long calls take to notice is a metric. Joined signals are not listened to,
 * since a listener keeps them for as long as their sources may abort.
 */
class NotedLimit implements Limit {
  readonly deadlineMs: number;
  private readonly own: AbortSignal;
  private readonly note: Note;
  private readonly former: Limit | undefined;
  private joined: AbortSignal | undefined;

  constructor(deadlineMs: number, own: AbortSignal, former: Limit | undefined) {
    this.deadlineMs = deadlineMs;
    this.own = own;
    this.note = noteOf(own);
    this.former = former;
    this.joined = former === undefined ? own : undefined;
  }

  /** Joined when it is asked for: the outer signal may be one that need not exist. */
  get signal(): AbortSignal {
    this.joined ??= AbortSignal.any([(this.former as Limit).signal, this.own]);
    return this.joined;
  }

  get abortedMono(): number | undefined {
    const own = this.note.abortedMono;
    const outer = this.former?.abortedMono;
    return own === undefined || outer === undefined ? (own ?? outer) : Math.min(own, outer);
  }
}

/**
 * Runs `fn` in a scope whose {@link signal} also follows `abort`.
 *
 * @example
 * withSignal(AbortSignal.abort(), () => signal()?.aborted) === true;
 */
export function withSignal<T>(abort: AbortSignal, fn: () => T): T {
  const scope = new Scope(currentScope());
  scope.limit = narrowLimit(scope.limit, Number.POSITIVE_INFINITY, abort);
  return runInScope(scope, fn);
}
