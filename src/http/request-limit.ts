import { clock, type TimerHandle } from '../core/clock.ts';
import type { Limit } from '../core/scope.ts';
import { defineError } from '../errors/define-error.ts';
import { DEFINITION } from '../errors/definition.ts';

/** What the end of a request's time is to who reads its error: known, and no bug of the service. */
const DeadlineExceeded = defineError('sonde/deadline-exceeded', {
  status: 504,
  public: 'This took too long. Please try again.',
  hint: 'The request had less time than it took: its X-Request-Timeout-Ms, or http.limit.',
});

/**
 * The limit of one incoming request: its deadline and the client's going away. The abort signal is made when somebody
 * asks for it, because most requests never do and an `AbortController` costs more than the rest of the scope.
 */
export class RequestLimit implements Limit {
  readonly deadlineMs: number;
  abortedMono: number | undefined = undefined;
  // No private fields (#): those are stored apart from the object's own slots, and this is made for every request.
  private controller: AbortController | undefined = undefined;
  private timer: TimerHandle | undefined = undefined;
  private reason: Error | undefined = undefined;
  private settled = false;

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs;
  }

  get isAsked(): boolean {
    return this.controller !== undefined;
  }

  get signal(): AbortSignal {
    if (this.controller) return this.controller.signal;
    const controller = new AbortController();
    this.controller = controller;
    if (this.reason) controller.abort(this.reason);
    else if (!this.settled && this.deadlineMs !== Number.POSITIVE_INFINITY) this.watchDeadline();
    return controller.signal;
  }

  /** The client went away: work for it is pointless. */
  cancel(): void {
    this.abort(new DOMException('The client closed the request', 'AbortError'));
  }

  /** The response is sent: the deadline no longer matters. */
  settle(): void {
    this.settled = true;
    if (this.timer !== undefined) clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private watchDeadline(): void {
    const leftMs = this.deadlineMs - clock.mono();
    if (leftMs <= 0) this.abort(overdue());
    else this.timer = clock.setTimeout(() => this.abort(overdue()), leftMs);
  }

  private abort(reason: Error): void {
    if (this.settled || this.reason) return;
    this.reason = reason;
    this.abortedMono = clock.mono();
    this.controller?.abort(reason);
    this.settle();
  }
}

/** Named as the reason of `AbortSignal.timeout()` is, for those who go by that; defined for those who answer it. */
function overdue(): Error {
  const reason = new DOMException('The deadline of the request has passed', 'TimeoutError');
  return Object.defineProperty(reason, DEFINITION, { value: DeadlineExceeded.definition });
}
