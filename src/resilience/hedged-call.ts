import type { Attributes } from '../core/attributes.ts';
import { isCancellation } from '../core/cancelled.ts';
import { clock, holdProcess, type TimerHandle } from '../core/clock.ts';
import { errorType } from '../core/error-type.ts';
import { isAborted } from '../core/limit.ts';
import { isPlainPromise, keepExtras } from '../core/promises.ts';
import { currentScope, runInScope, Scope } from '../core/scope.ts';
import { isThenable } from './follow.ts';
import type { HedgeMember } from './hedge-member.ts';
import { OwnLimit } from './own-limit.ts';
import { tell } from './tell.ts';

const noop = (): void => {};

/** One of the runs of a call, with a limit of its own. */
interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly limit: OwnLimit;
  readonly startMono: number;
}

/** One call and its attempts. */
export class HedgedCall {
  private readonly member: HedgeMember;
  private readonly run: () => unknown;
  private readonly afterMs: number | undefined;
  private readonly scope: Scope = currentScope();
  private readonly attempts: Attempt[] = [];
  private readonly errors: unknown[] = [];
  private timer: TimerHandle | undefined = undefined;
  private isOver = false;
  private resolve: ((value: unknown) => void) | undefined = undefined;
  private reject: ((error: unknown) => void) | undefined = undefined;

  /** Without `afterMs` it is not hedged, but counts. */
  constructor(member: HedgeMember, afterMs: number | undefined, run: () => unknown) {
    this.member = member;
    this.afterMs = afterMs;
    this.run = run;
  }

  /** Begins the first attempt. What answers at once is given as it is. */
  begin(): unknown {
    const attempt = this.open();
    const result = this.start(attempt);
    if (!isThenable(result)) {
      attempt.limit.settle();
      return result;
    }
    const given = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    if (isPlainPromise(result)) keepExtras(result, given);
    this.follow(attempt, result);
    this.wait();
    return given;
  }

  private open(): Attempt {
    const attempt = { number: this.attempts.length + 1, limit: new OwnLimit(this.scope.limit), startMono: clock.mono() };
    this.attempts.push(attempt);
    return attempt;
  }

  private start({ limit }: Attempt): unknown {
    const scope = new Scope(this.scope);
    scope.limit = limit;
    return runInScope(scope, this.run);
  }

  private follow(attempt: Attempt, result: unknown): void {
    const followed = Promise.resolve(result).then(
      (value) => {
        this.won(attempt);
        return value;
      },
      (error: unknown) => {
        this.lost(attempt, error);
        throw error;
      },
    );
    followed.then(this.resolve, noop); // as it is: V8 finds a stack's callers through `resolve` itself, and through no function around it
  }

  /** Waits for the time of the next attempt, where one could still begin then. */
  private wait(): void {
    if (!this.mayBegin(this.afterMs)) return;
    this.timer = clock.setTimeout(() => this.next(undefined), this.afterMs as number);
    // What the attempt waits for may have nothing of its own that holds the process.
    holdProcess(this.timer);
  }

  /** Whether there may be an attempt `inMs` from now: it has to end, at the usual pace, before the deadline. */
  private mayBegin(inMs: number | undefined): boolean {
    const { limit } = this.scope;
    if (inMs === undefined || this.attempts.length >= this.member.max) return false;
    if (limit === undefined) return true;
    if (isAborted(limit)) return false;
    const usualMs = this.member.latencies.quantile(0.5) ?? 0;
    return limit.deadlineMs - clock.mono() > inMs + usualMs;
  }

  /** Begins a further attempt where it may; `failure` is that of the one before, where that is why. */
  private next(failure: { readonly error: unknown } | undefined): boolean {
    clock.clearTimeout(this.timer as TimerHandle);
    if (!this.mayBegin(this.afterMs && 0)) return false;
    if (!this.member.budget.take()) {
      this.member.refused++;
      return false;
    }
    this.member.extra++;
    const attempt = this.open();
    this.tell('hedge', attempt, {
      'sonde.hedge.after_ms': attempt.startMono - (this.attempts[0] as Attempt).startMono,
      'error.type': failure && errorType(failure.error),
    });
    let result: unknown;
    try {
      result = this.start(attempt);
    } catch (error) {
      result = Promise.reject(error);
    }
    this.follow(attempt, result);
    this.wait();
    return true;
  }

  private won(attempt: Attempt): void {
    if (this.isOver) return;
    const { member, attempts } = this;
    const now = clock.mono();
    member.latencies.add(now - attempt.startMono);
    if (attempts.length === 1) member.first++;
    else if (attempt.number === 1) member.hedgedLost++;
    else {
      member.hedgedWon++;
      // How long the first would have taken nobody knows: at least so long, which is beyond what is looked for.
      member.latencies.add(now - (attempts[0] as Attempt).startMono);
      this.tell('hedge.won', attempt, {});
    }
    this.end(attempt, () => new DOMException('Another attempt of the hedged call answered first', 'AbortError'));
  }

  private lost(attempt: Attempt, error: unknown): void {
    if (this.isOver) return;
    if (isCancellation(this.scope, error)) {
      this.end(attempt, () => error);
      this.reject?.(error);
      return;
    }
    this.errors.push(error);
    if (this.errors.length > 1) this.tell('hedge.failed', attempt, { 'error.type': errorType(error) });
    if (this.next({ error }) || this.errors.length < this.attempts.length) return;
    this.member.failed++;
    this.end(attempt);
    this.reject?.(this.errors[0]);
  }

  /** The call is over, by what `last` gave. The others are cancelled where there is a reason; also what those left behind that failed. */
  private end(last: Attempt, reason?: () => unknown): void {
    this.isOver = true;
    clock.clearTimeout(this.timer as TimerHandle);
    const given = this.attempts.length === 1 ? undefined : reason?.();
    for (const attempt of this.attempts) {
      if (given === undefined || attempt === last) attempt.limit.settle();
      else attempt.limit.abort(given);
    }
  }

  private tell(event: string, { number }: Attempt, attributes: Attributes): void {
    tell(event, { 'sonde.resilience.name': this.member.name, 'sonde.hedge.attempt': number, ...attributes });
  }
}
