import { warn } from '../core/diag.ts';
import { type Duration, tryDurationMs } from '../core/duration.ts';
import { errorType } from '../core/error-type.ts';
import type { AnyFunction, Wrapper } from '../core/wrapper.ts';
import { HedgeMember, type HedgePlan, hedgeMembers } from './hedge-member.ts';
import { HedgedCall } from './hedged-call.ts';
import { type NamedOptions, wrapperForms } from './wrapper-forms.ts';

/** What {@link hedge} can be told; `F` is the function's type. */
export interface HedgeOptions<F extends AnyFunction = AnyFunction> extends NamedOptions {
  /** How long the first attempt has before the second begins: a duration, or a percentile of the own calls from `'p50'` to `'p99'`; default `'p95'`. */
  readonly after?: Duration | `p${number}`;
  /** Attempts of one call, the first included; default 2. */
  readonly max?: number;
  /** Further attempts for each call, on the average; default 0.1: a tenth. Ten at once, after a quiet time. */
  readonly budget?: number;
  /** Whether this call may run twice; default: all may. */
  readonly isSafe?: (...args: Parameters<F>) => boolean;
}

/** The forms of {@link hedge}: name, options, function, in that order; each may be left out. */
export interface Hedge extends Wrapper {
  <F extends AnyFunction>(name: string, fn: F): F;
  <F extends AnyFunction>(name: string, options: HedgeOptions<F>, fn: F): F;
  <F extends AnyFunction>(options: HedgeOptions<F>, fn: F): F;
  (name: string, options?: HedgeOptions): Wrapper;
  (options?: HedgeOptions): Wrapper;
}

const MAX_ATTEMPTS = 10; // of one call; beyond a few nothing is won

/**
 * Begins a second attempt where the first takes longer than usual, or fails; whichever answers first is the answer, and the other is cancelled.
 *
 * Shape: a wrapper, as {@link traced} is. Only for what may run twice. A function that answers at once, without a promise, passes.
 * Each attempt has a {@link signal} of its own: pass it on, so that the one that lost ends. No attempt begins that would, at
 * the usual pace, end after the {@link deadline}. Of wrappers that are given one name the budget and the latencies are one.
 * Units: `after` is a duration with its unit, or a percentile of the last 256 calls, and there is no second attempt before 20 of
 * them (100 for p99).
 * Errors: where all attempts failed, the error of the one that failed first; the others are events of the span. `TypeError` or
 * `RangeError` here for options that are none.
 * Source: hedged requests in "The Tail at Scale", replicated requests in "Concurrency in Go"; gRPC's retry throttling.
 *
 * @example
 * let attempts = 0;
 * const read = hedge({ after: '5ms' }, async () => {
 *   const attempt = ++attempts;
 *   if (attempt === 1) await new Promise(() => {}); // hangs
 *   return attempt;
 * });
 * (await read()) === 2;
 */
export const hedge: Hedge = wrapperForms<HedgeOptions>('hedge', ['name', 'after', 'max', 'budget', 'isSafe'], (options, refuse) => {
  const plan = planOf(options, refuse);
  const { name, isSafe } = options;
  let member = name === undefined ? undefined : hedgeMembers.named(name, options, () => new HedgeMember(name, plan));
  return {
    wrap(fn, fnName) {
      member ??= hedgeMembers.unnamed(fnName, (own) => new HedgeMember(own, plan));
      return hedgeCalls(fn, member, isSafe);
    },
  };
}) as Hedge;

function hedgeCalls(fn: AnyFunction, member: HedgeMember, isSafe: HedgeOptions['isSafe']): AnyFunction {
  return function (this: unknown, ...args: unknown[]): unknown {
    member.budget.called();
    const isMeant = isSafe === undefined || saysSafe(isSafe, this, args, member.name);
    const afterMs = isMeant ? member.afterMs : undefined;
    return new HedgedCall(member, afterMs, () => fn.apply(this, args)).begin();
  };
}

function saysSafe(isSafe: AnyFunction, self: unknown, args: readonly unknown[], name: string): boolean {
  try {
    return Boolean(isSafe.apply(self, args as unknown[]));
  } catch (error) {
    warn('hedge-is-safe', `option "isSafe" of hedge "${name}" threw ${errorType(error)}, so that its calls are not hedged`);
    return false;
  }
}

function planOf({ after = 'p95', max = 2, budget = 0.1, isSafe }: HedgeOptions, refuse: (problem: string) => TypeError): HedgePlan {
  const outOfRange = (problem: string): RangeError => new RangeError(refuse(problem).message);
  if (!Number.isInteger(max) || max < 2 || max > MAX_ATTEMPTS)
    throw outOfRange(`option "max" is ${String(max)}, expected a whole number from 2 to ${MAX_ATTEMPTS}`);
  if (typeof budget !== 'number' || !(budget > 0 && budget <= 1))
    throw outOfRange(`option "budget" is ${String(budget)}, expected a number above 0 and up to 1`);
  if (isSafe !== undefined && typeof isSafe !== 'function') throw refuse(`option "isSafe" is ${typeof isSafe}, expected a function of the arguments`);
  const percentile = /^p(\d{2}(?:\.\d+)?)$/.exec(String(after))?.[1];
  if (percentile !== undefined && Number(percentile) >= 50 && Number(percentile) <= 99) return { after: { share: Number(percentile) / 100 }, max, budget };
  const ms = tryDurationMs(after);
  if (ms === undefined || ms === 0)
    throw outOfRange(`option "after" is "${String(after)}", expected a duration such as "50ms" or a percentile from "p50" to "p99"`);
  return { after: { ms }, max, budget };
}
