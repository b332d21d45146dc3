import { isCancellation } from '../core/cancelled.ts';
import { clock } from '../core/clock.ts';
import { warn } from '../core/diag.ts';
import { errorType } from '../core/error-type.ts';
import { isAborted } from '../core/limit.ts';
import { isPlainPromise, keepExtras } from '../core/promises.ts';
import { runInScope, type Scope } from '../core/scope.ts';
import { noteOn } from '../errors/notes.ts';
import { Attempts, reportPostponed } from './attempt.ts';
import { isThenable } from './follow.ts';
import { isBreakerOpen, retryAfterMs } from './retry-after.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { RetryRules } from './retry-options.ts';
import { tell } from './tell.ts';
import { wait } from './wait.ts';

/** Calls by how they ended. */
export interface RetryCounts {
  successfulAtOnce: number;
  successful: number;
  failedAtOnce: number;
  failed: number;
  /** Attempts that the budget refused. */
  refused: number;
}

/** What all calls of one retried function go by. */
export interface RetryPlan extends Omit<RetryRules, 'budget'> {
  readonly name: string;
  readonly counts: RetryCounts;
  readonly budget: RetryBudget | undefined;
}

/** Why a failure is not followed by another attempt. */
type GaveUp = 'attempts' | 'not_retryable' | 'cancelled' | 'deadline' | 'within' | 'retry_after' | 'budget';

/** One call, and its attempts. */
export class RetryCourse {
  // No private fields (#): those are stored apart from the object's own slots, and this is made for every call.
  private readonly plan: RetryPlan;
  private readonly scope: Scope;
  private readonly call: () => unknown;
  private readonly attempts: Attempts;
  private readonly startMono: number;
  private nextWait: (() => number) | undefined = undefined;
  private attempt = 1;

  /** `call` calls the function as it was called. */
  constructor(plan: RetryPlan, scope: Scope, call: () => unknown) {
    this.plan = plan;
    this.scope = scope;
    this.call = call;
    this.attempts = new Attempts(scope);
    this.startMono = plan.withinMs === Number.POSITIVE_INFINITY ? 0 : clock.mono();
  }

  /** Makes the first attempt. */
  run(): unknown {
    let result: unknown;
    try {
      result = runInScope(this.attempts.scopeOf(1), this.call);
    } catch (error) {
      return this.thrown(error);
    }
    if (!isThenable(result)) return this.succeeded(result);
    const settled = this.follow(result);
    if (isPlainPromise(result)) keepExtras(result, settled);
    return settled;
  }

  private follow(result: PromiseLike<unknown>): Promise<unknown> {
    return Promise.resolve(result).then(
      (value) => this.succeeded(value),
      (error: unknown) => this.rejected(error),
    );
  }

  /** An attempt threw: the next one is made at once. */
  private thrown(first: unknown): unknown {
    for (let error = first; ; ) {
      if (this.after(error, false) === undefined) throw error;
      let result: unknown;
      try {
        result = this.again();
      } catch (thrown) {
        error = thrown;
        continue;
      }
      if (!isThenable(result)) return this.succeeded(result);
      return this.follow(result);
    }
  }

  /** What an attempt gave was rejected: the next one is made after a wait. */
  private async rejected(first: unknown): Promise<unknown> {
    for (let error = first; ; ) {
      const waitMs = this.after(error, true);
      if (waitMs === undefined) throw error;
      await this.wait(waitMs);
      try {
        return this.succeeded(await this.again());
      } catch (rejected) {
        error = rejected;
      }
    }
  }

  private async wait(ms: number): Promise<void> {
    try {
      await wait(ms, this.scope.limit?.signal);
    } catch (reason) {
      this.attempts.isOver = true;
      throw reason;
    }
  }

  private again(): unknown {
    this.attempt++;
    return runInScope(this.attempts.scopeOf(this.attempt), this.call);
  }

  private succeeded(value: unknown): unknown {
    const { counts, budget } = this.plan;
    this.attempts.isOver = true;
    budget?.succeeded();
    if (this.attempt === 1) counts.successfulAtOnce++;
    else {
      counts.successful++;
      this.markSpan();
    }
    return value;
  }

  /** Notes a failed attempt; answers how long to wait for the next one, in milliseconds, or `undefined` where there is none. */
  private after(error: unknown, canWait: boolean): number | undefined {
    const next = isCancellation(this.scope, error) ? undefined : this.decide(error, canWait);
    if (typeof next !== 'number') this.attempts.isOver = true;
    if (next === undefined) return undefined;
    const attributes = { 'sonde.resilience.name': this.plan.name, 'sonde.retry.attempt': this.attempt, 'error.type': errorType(error) };
    if (typeof next === 'number') {
      tell('retry', { ...attributes, 'sonde.retry.wait_ms': next });
      return next;
    }
    // What need not be tried again is an ordinary failure, which the span tells anyway.
    if (next !== 'not_retryable' || this.attempt > 1) tell('retry', { ...attributes, 'sonde.retry.gave_up': next });
    this.failed(error);
    return undefined;
  }

  private decide(error: unknown, canWait: boolean): number | GaveUp {
    const { attempts, backoff, counts, budget, withinMs } = this.plan;
    const { limit } = this.scope;
    if (!this.isRetryable(error)) return 'not_retryable';
    const isWithinBudget = budget?.failed() !== false;
    if (this.attempt >= attempts) return 'attempts';
    if (limit && isAborted(limit)) return 'cancelled';
    this.nextWait ??= backoff.start();
    const nextMs = canWait ? this.nextWait() : 0;
    const askedMs = retryAfterMs(error);
    if (askedMs > (canWait && !isBreakerOpen(error) ? backoff.maxMs : nextMs)) return 'retry_after';
    const waitMs = Math.max(nextMs, askedMs);
    const nextMono = clock.mono() + waitMs;
    if (limit && nextMono >= limit.deadlineMs) return 'deadline';
    if (nextMono - this.startMono > withinMs) return 'within';
    if (isWithinBudget) return waitMs;
    counts.refused++;
    return 'budget';
  }

  private isRetryable(error: unknown): boolean {
    const { retryIf, name } = this.plan;
    try {
      return Boolean(retryIf(error, this.attempt));
    } catch (problem) {
      warn('retry-if', `option "retryIf" of retry "${name}" threw ${errorType(problem)}, so that the failure is not retried`);
      return false;
    }
  }

  private failed(error: unknown): void {
    if (this.attempt === 1) this.plan.counts.failedAtOnce++;
    else {
      this.plan.counts.failed++;
      noteOn(error, { 'sonde.retry.attempts': this.attempt });
      this.markSpan();
    }
    reportPostponed(error);
  }

  private markSpan(): void {
    try {
      this.scope.span?.setAttribute('sonde.retry.attempts', this.attempt);
    } catch {
      // Telemetry must not break the call it watches.
    }
  }
}
