import { onAbort } from '../core/on-abort.ts';
import { type Limit, runInScope, Scope } from '../core/scope.ts';
import { OwnLimit } from './own-limit.ts';

/**
 * One run that several callers wait for. It is in the scope of the first, but for the limit: no caller's abort and no caller's
 * deadline ends it while another waits.
 */
export class Flight {
  /** The scope of the first caller. */
  readonly scope: Scope;
  /** Settles with the run. */
  result: Promise<unknown> | undefined;
  private readonly onDeserted: () => void;
  private readonly limit: OwnLimit | undefined;
  private waiting = 0;

  /** `onDeserted` is called when nobody waits any more, before the run is aborted. */
  constructor(scope: Scope, deadlineMs: number | undefined, onDeserted: () => void) {
    this.scope = scope;
    this.limit = deadlineMs === undefined ? undefined : new OwnLimit(undefined, deadlineMs);
    this.onDeserted = onDeserted;
  }

  /** The scope of the run itself. */
  run<T>(fn: () => T): T {
    if (this.limit === this.scope.limit) return fn();
    const scope = new Scope(this.scope);
    scope.limit = this.limit;
    return runInScope(scope, fn);
  }

  /** The promise of one caller; `limit` is his. */
  wait(limit: Limit | undefined): Promise<unknown> {
    const result = this.result as Promise<unknown>;
    this.waiting++;
    if (this.limit !== undefined) this.limit.deadlineMs = Math.max(this.limit.deadlineMs, limit?.deadlineMs ?? Number.POSITIVE_INFINITY);
    if (limit === undefined) return result;
    const { signal } = limit;
    return new Promise((resolve, reject) => {
      const go = (): void => {
        reject(signal.reason);
        this.leave(signal.reason);
      };
      const stay = onAbort(signal, go);
      result.then(
        (value) => {
          stay();
          resolve(value);
        },
        (error: unknown) => {
          stay();
          reject(error);
        },
      );
      if (signal.aborted) go(); // before he came, or while the run began
    });
  }

  /** Somebody waits who is no caller: until {@link leave}. */
  hold(): void {
    this.waiting++;
  }

  /** One who waited does no more. */
  leave(reason: unknown): void {
    if (--this.waiting > 0) return;
    this.onDeserted();
    this.limit?.abort(reason);
  }
}
