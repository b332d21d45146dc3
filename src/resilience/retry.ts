import { currentScope } from '../core/scope.ts';
import type { AnyFunction } from '../core/wrapper.ts';
import { Members } from './members.ts';
import type { RetryBudget } from './retry-budget.ts';
import { type RetryCounts, RetryCourse, type RetryPlan } from './retry-course.ts';
import { RETRY_OPTIONS, type RetryOptions, readRetryOptions } from './retry-options.ts';
import { type WrapperForms, wrapperForms } from './wrapper-forms.ts';

const members = new Members<RetryCounts>('retry', [
  {
    type: 'counter',
    name: 'resilience4j_retry_calls_total',
    help: 'Calls of functions that are retried, by how they ended and whether they were retried',
    labels: ['name', 'kind'],
    read: ({ successfulAtOnce, successful, failedAtOnce, failed }) => [
      { labels: { kind: 'successful_without_retry' }, value: successfulAtOnce },
      { labels: { kind: 'successful_with_retry' }, value: successful },
      { labels: { kind: 'failed_without_retry' }, value: failedAtOnce },
      { labels: { kind: 'failed_with_retry' }, value: failed },
    ],
  },
  {
    type: 'counter',
    name: 'sonde_retry_refused_total',
    help: 'Attempts that were not made because the retry budget was used up',
    labels: ['name'],
    read: ({ refused }) => [{ value: refused }],
  },
]);
const budgets = new Members<RetryBudget>('retry', []);

/**
 * Calls a function again where it fails, after a wait that grows.
 *
 * Shape: a wrapper, as {@link traced} is. What throws at once is called again at once, without a wait, which would block the process: so are
 * synchronous functions. What was returned is not retried when it fails later: a generator, a stream.
 * A wait ends with the scope's {@link signal} and is not begun where it would pass its {@link deadline}; it holds the process. A
 * `Retry-After` header on the error and the `retryAfterMs` of `sonde/rate-limited` are waited for; where they ask for more than
 * `backoff.max` the call is given up, as it is by an open breaker that asks for more than the next wait.
 * Units: durations with units; `attempts` counts the first call too.
 * Errors: the last failure, the same object; each failed attempt is an event `retry` of the running span, and the record of the last one has
 * `sonde.retry.attempts`. What is tried again is not reported. Wrong options throw here, not on the call.
 * Source: cockatiel's back-off; retry throttling of gRPC (A6); Retry of resilience4j.
 *
 * @example
 * let calls = 0;
 * const load = retry({ attempts: 3, backoff: { initial: '1ms' } }, async (id: string) => {
 *   if (++calls < 3) throw new Error('not yet');
 *   return id;
 * });
 * (await load('o-1')) === 'o-1' && calls === 3;
 */
export const retry: WrapperForms<RetryOptions> = wrapperForms<RetryOptions>('retry', RETRY_OPTIONS, (options, refuse) => {
  const { budget: createBudget, ...rules } = readRetryOptions(options, refuse);
  const { name: given } = options;
  const budget = given === undefined || createBudget === undefined ? createBudget?.() : budgets.named(given, Object(options.budget), createBudget);
  return {
    wrap(fn, name) {
      const counts = members.named(name, undefined, () => ({ successfulAtOnce: 0, successful: 0, failedAtOnce: 0, failed: 0, refused: 0 }));
      return retried({ ...rules, name, counts, budget }, fn);
    },
  };
});

function retried(plan: RetryPlan, fn: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: unknown[]): unknown {
    return new RetryCourse(plan, currentScope(), () => fn.apply(this, args)).run();
  };
}
