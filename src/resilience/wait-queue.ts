import { clock, holdProcess, MAX_TIMER_MS, type TimerHandle } from '../core/clock.ts';
import { onAbort } from '../core/on-abort.ts';
import { currentScope } from '../core/scope.ts';

/** A place in the line. */
class Waiter {
  next: Waiter | undefined = undefined;
  former: Waiter | undefined = undefined;
  readonly dueMs: number;
  readonly over: Promise<boolean>;
  settle!: (isIn: boolean) => void;
  fail!: (reason: unknown) => void;

  constructor(dueMs: number) {
    this.dueMs = dueMs;
    this.over = new Promise((resolve, reject) => {
      this.settle = resolve;
      this.fail = reject;
    });
  }
}

/**
 * A line of callers, first come, first served; joining and leaving cost the same however long it is. Those whose time comes
 * are told in their order, and one whose scope is aborted leaves at once. While somebody waits the process does not end: whom
 * they wait for may have nothing of its own that holds it.
 */
export class WaitQueue {
  #head: Waiter | undefined;
  #tail: Waiter | undefined;
  #size = 0;
  #timer: TimerHandle | undefined;
  readonly #isInWhenDue: boolean;

  /** `isInWhenDue`: what those are told whose time has come. */
  constructor(isInWhenDue: boolean) {
    this.#isInWhenDue = isInWhenDue;
  }

  get size(): number {
    return this.#size;
  }

  /** When the last one's time comes, in monotonic milliseconds; `-Infinity` where nobody waits. */
  get lastDueMs(): number {
    return this.#tail?.dueMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Joins the line. `dueMs` is in monotonic milliseconds, `Infinity` for no end, and not before that of those in front. */
  async join(dueMs: number): Promise<boolean> {
    const signal = currentScope().limit?.signal;
    signal?.throwIfAborted();
    const waiter = this.#push(dueMs);
    const undo = signal && onAbort(signal, () => this.#remove(waiter) && waiter.fail(signal.reason));
    try {
      return await waiter.over;
    } finally {
      undo?.();
    }
  }

  /** Lets the first one in; `false` where nobody waits. */
  letIn(): boolean {
    const first = this.#head;
    if (first === undefined) return false;
    this.#remove(first);
    first.settle(true);
    return true;
  }

  #push(dueMs: number): Waiter {
    const waiter = new Waiter(dueMs);
    waiter.former = this.#tail;
    if (this.#tail) this.#tail.next = waiter;
    else this.#head = waiter;
    this.#tail = waiter;
    this.#size++;
    if (this.#timer === undefined) this.#watch(waiter);
    return waiter;
  }

  #remove(waiter: Waiter): boolean {
    const { former, next } = waiter;
    if (former === undefined && this.#head !== waiter) return false; // it has left
    if (former) former.next = next;
    else this.#head = next;
    if (next) next.former = former;
    else this.#tail = former;
    waiter.former = undefined;
    waiter.next = undefined;
    this.#size--;
    if (this.#head === undefined && this.#timer !== undefined) {
      clock.clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    return true;
  }

  #watch(first: Waiter): void {
    const leftMs = Math.ceil(first.dueMs - clock.mono());
    this.#timer = clock.setTimeout(() => this.#look(), Math.min(Math.max(leftMs, 1), MAX_TIMER_MS));
    holdProcess(this.#timer);
  }

  /** Tells those whose time has come. A timer may be early by a fraction of a millisecond: it looks again. */
  #look(): void {
    this.#timer = undefined;
    const mono = clock.mono();
    for (let first = this.#head; first !== undefined && first.dueMs <= mono; first = this.#head) {
      this.#remove(first);
      first.settle(this.#isInWhenDue);
    }
    if (this.#head !== undefined) this.#watch(this.#head);
  }
}
