import { clock, holdProcess, type TimerHandle } from '../core/clock.ts';
import { isAborted } from '../core/limit.ts';
import { onAbort } from '../core/on-abort.ts';
import type { Limit, Scope } from '../core/scope.ts';
import { followWeakly } from './follow-weakly.ts';

const EARLY_MS = 1; // Node's timers count whole milliseconds: they may fire that much before their time

/**
 * One call that has a time limit, and the limit of its scope. The abort signal is made when somebody asks for it: an
 * `AbortController` costs more than all else here together.
 */
export class TimedCall implements Limit {
  deadlineMs: number;
  // No private fields (#): those are stored apart from the object's own slots, and this is made for every call.
  private readonly outer: Scope;
  private readonly dueMono: number;
  private readonly overdue: () => Error;
  private controller: AbortController | undefined = undefined;
  private unfollow: (() => void) | undefined = undefined;
  private timer: TimerHandle | undefined = undefined;
  private letGo: ((reason: unknown) => void) | undefined = undefined;
  private isOver = false;
  private endedMono: number | undefined = undefined;
  private reason: unknown = undefined;

  /** `overdue` makes the error of a call that takes longer than `limitMs`. */
  constructor(outer: Scope, limitMs: number, overdue: () => Error) {
    this.outer = outer;
    this.overdue = overdue;
    this.dueMono = clock.mono() + limitMs;
    this.deadlineMs = Math.min(this.dueMono, outer.limit?.deadlineMs ?? Number.POSITIVE_INFINITY);
  }

  /** Also where the outer signal is known: its reason may be thrown in here. */
  get isAsked(): boolean {
    const former = this.outer.limit;
    return this.controller !== undefined || (former !== undefined && former.isAsked !== false);
  }

  get abortedMono(): number | undefined {
    const own = this.endedMono;
    const outer = this.outer.limit?.abortedMono;
    return own === undefined || outer === undefined ? (own ?? outer) : Math.min(own, outer);
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      const former = this.outer.limit;
      if (this.isOver && this.endedMono === undefined && former) return former.signal; // what goes on is no longer timed
      this.controller = new AbortController();
      if (this.endedMono !== undefined) this.controller.abort(this.reason);
      else if (former) this.follow(former.signal);
    }
    // Who asks again and again without a pause lets no timer fire.
    if (!this.isOver && this.endedMono === undefined && clock.mono() >= this.dueMono) this.end(this.overdue());
    return this.controller.signal;
  }

  /**
   * Calls `letGo` with the reason when the time is up: this call's own or, where that is less, what an outer limit left. Until
   * then the process does not end: what the call waits for may have nothing of its own that holds it.
   */
  watch(letGo: (reason: unknown) => void): void {
    this.letGo = letGo;
    const leftMs = this.dueMono - clock.mono();
    if (leftMs <= 0) return this.expire();
    if (this.endedMono !== undefined && this.isUp()) return letGo(this.reason);
    this.timer = clock.setTimeout(() => this.expire(), leftMs);
    holdProcess(this.timer);
    if (this.deadlineMs < this.dueMono) void this.signal; // so that the outer limit is heard
  }

  /** The call is over, or its caller was let go: what it left behind is limited by what was around it. */
  settle(): void {
    this.isOver = true;
    this.letGo = undefined;
    if (this.timer !== undefined) clock.clearTimeout(this.timer);
    this.timer = undefined;
    if (this.endedMono !== undefined) return;
    this.deadlineMs = this.outer.limit?.deadlineMs ?? Number.POSITIVE_INFINITY;
    if (this.unfollow === undefined || this.controller === undefined) return;
    this.unfollow();
    this.unfollow = undefined;
    // A ticker that the call started still stops with what was around it; a listener of a `fetch` that is over keeps nothing alive.
    const outer = this.outer.limit?.signal;
    if (outer) followWeakly(outer, this.controller);
  }

  get isSettled(): boolean {
    return this.isOver;
  }

  /** Whether `error` is what this call was ended with. */
  isEndedBy(error: unknown): boolean {
    return this.endedMono !== undefined && error === this.reason;
  }

  private follow(outer: AbortSignal): void {
    const heard = (): void => {
      this.end(outer.reason);
      if (this.isUp()) this.letGo?.(outer.reason);
    };
    if (outer.aborted) heard();
    else this.unfollow = onAbort(outer, heard);
  }

  private isUp(): boolean {
    return clock.mono() >= this.deadlineMs - EARLY_MS;
  }

  private expire(): void {
    const former = this.outer.limit;
    if (this.endedMono === undefined) this.end(former && isAborted(former) ? former.signal.reason : this.overdue());
    this.letGo?.(this.reason);
  }

  private end(reason: unknown): void {
    if (this.endedMono !== undefined) return;
    this.endedMono = clock.mono();
    this.reason = reason;
    this.unfollow?.();
    this.unfollow = undefined;
    this.controller?.abort(reason);
  }
}
