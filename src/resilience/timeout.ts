import { isCancellation } from '../core/cancelled.ts';
import { type Duration, formatMs, tryDurationMs } from '../core/duration.ts';
import { isPlainPromise, keepExtras } from '../core/promises.ts';
import { currentScope, runInScope, Scope } from '../core/scope.ts';
import type { AnyFunction, Wrapper } from '../core/wrapper.ts';
import { type DefinedErrorClass, defineError } from '../errors/define-error.ts';
import { isThenable } from './follow.ts';
import { Members } from './members.ts';
import { readWaitMs } from './read-wait.ts';
import { refusal } from './tell.ts';
import { TimedCall } from './timed-call.ts';
import { type NamedOptions, wrapperForms } from './wrapper-forms.ts';

/** What {@link timeout} can be told. */
export interface TimeoutOptions extends NamedOptions {
  /** How long a call may take. */
  readonly limit: Duration;
}

/** The forms of {@link timeout}: name, limit (or options), function, in that order; name and function may be left out. */
export interface Timeout {
  <F extends AnyFunction>(limit: Duration | TimeoutOptions, fn: F): F;
  <F extends AnyFunction>(name: string, limit: Duration | TimeoutOptions, fn: F): F;
  (limit: Duration | TimeoutOptions): Wrapper;
  (name: string, limit: Duration | TimeoutOptions): Wrapper;
}

/** What a call rejects with that took longer than its {@link timeout}; also the reason of its abort signal. */
export const TimedOut: DefinedErrorClass<{ readonly timeoutMs: number }> = defineError('sonde/timeout', {
  status: 504,
  title: 'Timed out',
  public: 'This took too long. Please try again.',
  hint: 'The function may run on: sonde_cancel_latency_seconds tells how long traced functions do after their signal.',
});

interface TimeoutCounts {
  successful: number;
  failed: number;
  timeout: number;
}

const members = new Members<TimeoutCounts>('timeout', [
  {
    type: 'counter',
    name: 'resilience4j_timelimiter_calls_total',
    help: 'Calls of functions that have a time limit, by how they ended',
    labels: ['name', 'kind'],
    read: ({ successful, failed, timeout }) => [
      { labels: { kind: 'successful' }, value: successful },
      { labels: { kind: 'failed' }, value: failed },
      { labels: { kind: 'timeout' }, value: timeout },
    ],
  },
]);

/**
 * Limits how long a call may take. At the limit its caller gets {@link TimedOut} and the call's {@link signal} aborts with the same
 * error; a function that does not look at it runs on, and what it gives is dropped.
 *
 * Shape: a wrapper, as {@link traced} is: `timeout('2s', fn)`, `@timeout('2s')`. What returns no promise cannot be interrupted: a synchronous function
 * sees {@link signal} and {@link deadline}, and its result stands; a generator or stream is limited until it is returned. An
 * earlier {@link deadline} around the call stays, and at it the caller gets its reason. A call under way holds the process.
 * Units: `limit` is a {@link Duration} with its unit, such as `'250ms'`, at most 24 days; the clock is monotonic.
 * Errors: rejects with {@link TimedOut} (`sonde/timeout`, 504), reported, with an error ID. A `limit` that is no duration throws here, not on
 * the call.
 * Source: TimeLimiter of resilience4j; context.WithTimeout of Go.
 *
 * @example
 * const rate = timeout('2s', async (pair: string) => `${pair} in ${deadline()?.leftMs !== undefined}`);
 * (await rate('EURUSD')) === 'EURUSD in true';
 *
 * @example
 * const stuck = timeout('docs.stuck', '5ms', () => new Promise(() => {}));
 * const failure = await stuck().catch((error) => error);
 * failure instanceof TimedOut && failure.data.timeoutMs === 5;
 */
export const timeout: Timeout = wrapperForms<TimeoutOptions>(
  'timeout',
  ['name', 'limit'],
  ({ limit }, refuse) => {
    const limitMs = readWaitMs('limit', limit, refuse);
    return {
      wrap(fn, name) {
        const counts = members.named(name, undefined, () => ({ successful: 0, failed: 0, timeout: 0 }));
        return timed(fn, name, limitMs, counts);
      },
    };
  },
  (text, isAlone) => (isAlone && tryDurationMs(text) === undefined ? undefined : { limit: text as Duration }),
) as unknown as Timeout;

function timed(fn: AnyFunction, name: string, limitMs: number, counts: TimeoutCounts): AnyFunction {
  const overdue = (): Error => new TimedOut(`Cannot finish "${name}": still running after ${formatMs(limitMs)}, its limit`, { data: { timeoutMs: limitMs } });
  /** What the caller gets of a call that was ended with `reason`. */
  const cut = (outer: Scope, call: TimedCall, reason: unknown): unknown => {
    call.settle();
    if (isCancellation(outer, reason)) return reason;
    counts.timeout++;
    return runInScope(outer, () => refusal(reason as Error, 'timeout', { 'sonde.resilience.name': name, 'sonde.resilience.limit_ms': limitMs }));
  };
  const failed = (outer: Scope, call: TimedCall, error: unknown): unknown => {
    if (call.isEndedBy(error)) return cut(outer, call, error);
    call.settle();
    if (!isCancellation(outer, error)) counts.failed++;
    return error;
  };
  return function (this: unknown, ...args: readonly unknown[]): unknown {
    const outer = currentScope();
    const call = new TimedCall(outer, limitMs, overdue);
    const scope = new Scope(outer);
    scope.limit = call;
    let result: unknown;
    try {
      result = runInScope(scope, () => fn.apply(this, args as unknown[]) as unknown);
    } catch (error) {
      throw failed(outer, call, error);
    }
    if (!isThenable(result)) {
      call.settle();
      counts.successful++;
      return result;
    }
    const answer = new Promise((resolve, reject) => {
      // In this order: where the time is up already, what has been settled by now still counts no more.
      call.watch((reason) => reject(cut(outer, call, reason)));
      const counted = Promise.resolve(result).then(
        (value) => {
          if (!call.isSettled) {
            call.settle();
            counts.successful++;
          }
          return value;
        },
        (error: unknown) => {
          throw call.isSettled ? error : failed(outer, call, error);
        },
      );
      counted.then(resolve, reject); // as they are: V8 finds a stack's callers through `resolve` itself, and through no function around it
    });
    if (isPlainPromise(result)) keepExtras(result, answer);
    return answer;
  };
}
