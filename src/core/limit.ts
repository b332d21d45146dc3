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

/** Joins a further limit with the one that holds: the earlier deadline, either signal. */
export function narrowLimit(former: Limit | undefined, deadlineMs: number, abort: AbortSignal): Limit {
  if (former === undefined) return new NotedLimit(deadlineMs, abort);
  return new NotedLimit(Math.min(former.deadlineMs, deadlineMs), AbortSignal.any([former.signal, abort]));
}

/** A limit that notes when its signal aborts: how long calls take to notice is a metric. */
class NotedLimit implements Limit {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  abortedMono: number | undefined;

  constructor(deadlineMs: number, signal: AbortSignal) {
    this.deadlineMs = deadlineMs;
    this.signal = signal;
    this.abortedMono = signal.aborted ? clock.mono() : undefined;
    if (this.abortedMono === undefined) signal.addEventListener('abort', () => this.note(), { once: true });
  }

  private note(): void {
    this.abortedMono = clock.mono();
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
