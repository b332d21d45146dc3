import { clock } from '../core/clock.ts';
import type { Limit } from '../core/scope.ts';

/**
 * The limit of one run among several: it can be aborted alone. The signal is made when somebody asks for it, since most
 * functions never do and one costs more than the rest of a call.
 */
export class OwnLimit implements Limit {
  deadlineMs: number;
  private readonly outer: Limit | undefined;
  private controller: AbortController | undefined = undefined;
  private joined: AbortSignal | undefined = undefined;
  private abortMono: number | undefined = undefined;
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
    if (this.joined !== undefined) return this.joined;
    this.controller = new AbortController();
    if (this.abortMono !== undefined) this.controller.abort(this.reason);
    const { signal } = this.controller;
    this.joined = this.outer === undefined ? signal : AbortSignal.any([this.outer.signal, signal]);
    return this.joined;
  }

  get abortedMono(): number | undefined {
    const outer = this.outer?.abortedMono;
    return this.abortMono === undefined || outer === undefined ? (this.abortMono ?? outer) : Math.min(this.abortMono, outer);
  }

  abort(reason: unknown): void {
    if (this.abortMono !== undefined) return;
    this.abortMono = clock.mono();
    this.reason = reason;
    this.controller?.abort(reason);
  }
}
