import { clock } from '../core/clock.ts';
import { formatMs } from '../core/duration.ts';
import { TimerSeries } from '../core/meters.ts';
import { currentScope } from '../core/scope.ts';
import { defineError } from '../errors/define-error.ts';
import type { Gate } from './gate.ts';
import { refusal } from './tell.ts';
import { WaitQueue } from './wait-queue.ts';

/** What a refusal by a bulkhead says of it. */
export interface BulkheadFullData {
  /** Calls that may run at once. */
  readonly max: number;
  /** Calls that may wait. */
  readonly queue: number;
  /** How long this call has waited, in milliseconds. */
  readonly waitedMs: number;
}

/**
 * The refusal of a `bulkhead()`: all places are taken, and so is its queue, or the call waited for as long as it may.
 *
 * @example
 * const one = bulkhead({ max: 1 }, () => one());
 * let refused;
 * try { one(); } catch (error) { refused = error; }
 * refused instanceof BulkheadFull;
 */
export const BulkheadFull = defineError<BulkheadFullData>('sonde/bulkhead-full', {
  status: 503,
  title: 'Too many calls at once',
  public: 'The service is busy. Try again in a moment.',
  hint: 'Look at what holds the places (slow calls, or promises that never settle) before raising max.',
});

const WAIT = { name: 'resilience4j_bulkhead_wait_seconds', help: 'Time that calls waited for a place of a bulkhead, in vain or not', labels: ['name'] };

/** The places of a bulkhead, and those who wait for one. */
export class Places implements Gate {
  readonly max: number;
  readonly queue: number;
  refused = 0;
  #name = 'anonymous';
  #taken = 0;
  #wait: TimerSeries | undefined;
  readonly #maxWaitMs: number;
  readonly #waiting = new WaitQueue(false);

  constructor(max: number, queue: number, maxWaitMs: number) {
    this.max = max;
    this.queue = queue;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Says what it is called on metrics, events and errors. */
  called(name: string): this {
    this.#name = name;
    this.#wait = new TimerSeries(WAIT, { name });
    return this;
  }

  get available(): number {
    return this.max - this.#taken;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  enter(_args: readonly unknown[], mayWait: boolean): Promise<void> | undefined {
    if (this.#taken < this.max) {
      this.#taken++;
      return undefined;
    }
    if (!mayWait || this.#waiting.size >= this.queue) throw this.#refuse(0);
    return this.#join();
  }

  /** Gives the place to the first who waits, so that nobody who comes later gets it. */
  leave(): void {
    if (!this.#waiting.letIn()) this.#taken--;
  }

  async #join(): Promise<void> {
    const scope = currentScope();
    const startMono = clock.mono();
    try {
      if (!(await this.#waiting.join(startMono + this.#maxWaitMs))) throw this.#refuse(clock.mono() - startMono);
    } finally {
      this.#wait?.observe((clock.mono() - startMono) / 1_000);
    }
    const signal = scope.limit?.signal;
    if (!signal?.aborted) return;
    this.leave(); // it was let in and aborted in one turn
    throw signal.reason;
  }

  #refuse(waitedMs: number): Error {
    this.refused++;
    const { max, queue, waiting } = this;
    const busy = `${max} of ${max} places are taken, ${waiting} of ${queue} calls wait`;
    const message = `Bulkhead "${this.#name}" refuses a call: ${waitedMs > 0 ? `no place after ${formatMs(waitedMs)}, ` : ''}${busy}`;
    return refusal(new BulkheadFull(message, { data: { max, queue, waitedMs } }), 'bulkhead.refused', {
      'sonde.resilience.name': this.#name,
      'sonde.resilience.max': max,
      'sonde.resilience.waiting': waiting,
      'sonde.resilience.waited_ms': waitedMs,
    });
  }
}
