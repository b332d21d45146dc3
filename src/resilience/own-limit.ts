import { clock } from '../core/clock.ts';
import { onAbort } from '../core/on-abort.ts';
import type { Limit } from '../core/scope.ts';
import { followWeakly } from './follow-weakly.ts';

/**
 * The limit of one run among several: it can be aborted alone. The signal is made when somebody asks for it, since most
 * functions never do and one costs more than the rest of a call.
 */
export class OwnLimit implements Limit {
  deadlineMs: number;
  private readonly outer: Limit | undefined;
  private controller: AbortController | undefined = undefined;
  private unfollow: (() => void) | undefined = undefined;
  private isOver = false;
  private endedMono: number | undefined = undefined;
  private reason: unknown = undefined;

  /** `outer` is the limit that holds besides; without one only {@link abort} ends the run. */
  constructor(outer: Limit | undefined, deadlineMs: number = outer?.deadlineMs ?? Number.POSITIVE_INFINITY) {
    this.outer = outer;
    this.deadlineMs = deadlineMs;
  }

  /** Also where the outer signal is known: its reason may be thrown in here. */
  get isAsked(): boolean {
    return this.controller !== undefined || (this.outer !== undefined && this.outer.isAsked !== false);
  }

  get signal(): AbortSignal {
    if (this.controller !== undefined) return this.controller.signal;
    if (this.isOver && this.endedMono === undefined && this.outer) return this.outer.signal; // what goes on is one of several no more
    const controller = new AbortController();
    this.controller = controller;
    if (this.endedMono !== undefined) controller.abort(this.reason);
    else if (this.outer) this.follow(this.outer.signal, controller);
    return controller.signal;
  }

  get abortedMono(): number | undefined {
    const outer = this.outer?.abortedMono;
    return this.endedMono === undefined || outer === undefined ? (this.endedMono ?? outer) : Math.min(this.endedMono, outer);
  }

  abort(reason: unknown): void {
    if (this.endedMono !== undefined) return;
    this.endedMono = clock.mono();
    this.reason = reason;
    this.unfollow?.();
    this.controller?.abort(reason);
  }

  /** The run is over: what it left behind goes by what was around it, which does not keep it alive. */
  settle(): void {
    this.isOver = true;
    if (this.unfollow === undefined || this.controller === undefined || this.outer === undefined) return;
    this.unfollow();
    this.unfollow = undefined;
    if (this.endedMono === undefined) followWeakly(this.outer.signal, this.controller);
  }

  private follow(outer: AbortSignal, controller: AbortController): void {
    if (outer.aborted) controller.abort(outer.reason);
    else this.unfollow = onAbort(outer, () => controller.abort(outer.reason));
  }
}
