import type { Duration } from '../core/duration.ts';
import { type Backoff, type BackoffOptions, readBackoff } from './backoff.ts';
import { readWaitMs } from './read-wait.ts';
import { type RetryBudget, type RetryBudgetOptions, readBudget } from './retry-budget.ts';
import { isWorthRetrying } from './retry-if.ts';
import type { NamedOptions } from './wrapper-forms.ts';

/** What {@link retry} can be told. */
export interface RetryOptions extends NamedOptions {
  /** How often the function is called at most, the first time included; default 3. */
  readonly attempts?: number;
  /** How the waits between attempts grow. */
  readonly backoff?: BackoffOptions;
  /**
   * Whether the failure of that attempt (from 1) is worth another one. Default: every failure but those that say that the call
   * itself is wrong, by a status from 400 to 499 other than 408, 425 and 429. A cancellation never is.
   */
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
  /** No attempt begins later than so long after the first; default: no such bound but the scope's {@link deadline}. */
  readonly within?: Duration;
  /**
   * How much may be retried, so that retries do not make an outage worse; shared by all of the same `name`, without one by the
   * functions of one wrapper. `false`: all.
   */
  readonly budget?: RetryBudgetOptions | false;
}

export const RETRY_OPTIONS = ['name', 'attempts', 'backoff', 'retryIf', 'within', 'budget'] as const satisfies readonly (keyof RetryOptions)[];

/** The options as they are used. */
export interface RetryRules {
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly retryIf: (error: unknown, attempt: number) => boolean;
  readonly withinMs: number;
  /** Makes a budget; `undefined` where there is none. */
  readonly budget: (() => RetryBudget) | undefined;
}

/** Reads the options; throws what `refuse` makes of a problem. */
export function readRetryOptions(options: RetryOptions, refuse: (problem: string) => TypeError): RetryRules {
  const { attempts = 3, backoff = {}, retryIf = isWorthRetrying, within, budget } = options;
  if (!(Number.isInteger(attempts) || attempts === Number.POSITIVE_INFINITY) || attempts < 1)
    throw new RangeError(refuse(`option "attempts" is ${String(attempts)}, expected a whole number from 1, the first call included`).message);
  if (typeof retryIf !== 'function') throw refuse(`option "retryIf" is ${typeof retryIf}, expected a function of the error and the attempt`);
  return {
    attempts,
    backoff: readBackoff(backoff, refuse),
    retryIf,
    withinMs: within === undefined ? Number.POSITIVE_INFINITY : readWaitMs('within', within, refuse),
    budget: readBudget(budget, refuse),
  };
}
