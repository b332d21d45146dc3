import { clock, type TimerHandle } from '../../core/clock.ts';
import { resolved, warn } from '../../core/diag.ts';
import type { Signal } from '../../core/records.ts';
import { countOf, type Tally, type WorkerLedger } from '../ledger.ts';
import type { FlushMode } from '../messages.ts';
import { judge, type Verdict } from '../otlp/response.ts';
import { type SplitHalf, splitRequest } from '../otlp/split-request.ts';
import type { Spool, SpoolEntry } from '../spool.ts';
import { type DeliveryState, nextState, UP } from './delivery-state.ts';
import type { PostResult } from './http-post.ts';

/** An encoded request on its way. */
export interface Parcel {
  readonly signal: Signal;
  readonly count: number;
  readonly body: Uint8Array;
  readonly json: boolean;
  readonly gzip: boolean;
  settle(tally: Tally): void;
  /** Two halves, or nothing where that cannot be done: a receiver that refuses a batch for one record then loses only this one. */
  split(): readonly Parcel[];
  /** Where it lies in the spool. */
  readonly entry?: SpoolEntry | undefined;
}

export interface DeliveryOptions {
  readonly spool: Spool;
  readonly ledger: WorkerLedger;
  /** What is told to people: `http://…`, without secrets. */
  readonly receiver: string;
  post(parcel: Parcel, timeoutMs: number | undefined, signal: AbortSignal): Promise<PostResult>;
  random?(): number;
}

/** Requests under way at once: hides the latency of one receiver. */
const CONCURRENCY = 4;
/**
 * Requests that wait in memory, half of the queue's batches; what is beyond goes to disk, which is faster than any
 * receiver, so that a receiver that is merely slow costs no record.
 */
const WAITING = 64;
/** Halves of one refused request that are tried: isolates two bad records of 1,024. */
const SPLIT_BUDGET = 40;
/** At the end, a receiver that was not reachable gets one more chance of this length. */
const LAST_TRY_MS = 500;
/** Kept back at the end for writing what is left to the spool. */
const SPOOLING_MS = 150;

/** Gets parcels to the receiver, or into the spool, or counted. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #queue: Parcel[] = [];
  readonly #budgets = new WeakMap<Parcel, { left: number }>();
  #abort = new AbortController();
  #state: DeliveryState = UP;
  #active = 0;
  #timer: TimerHandle | undefined;
  #ending = false;
  #watchers: (() => void)[] = [];

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  get state(): DeliveryState {
    return this.#state;
  }

  offer(parcel: Parcel): void {
    const toDisk = this.#state.kind === 'down' || this.#queue.length >= WAITING;
    if (!(toDisk && this.#toSpool(parcel))) this.#queue.push(parcel);
    this.#pump();
  }

  /** Starts what can be started. */
  #pump(): void {
    while (this.#state.kind === 'up' && this.#active < CONCURRENCY && !this.#ending) {
      const parcel = this.#queue.shift() ?? this.#fromSpool();
      if (parcel === undefined) return;
      void this.#send(parcel);
    }
  }

  #fromSpool(): Parcel | undefined {
    const taken = this.#options.spool.take();
    if (taken === undefined) return undefined;
    const { entry, body } = taken;
    let left = entry.count;
    const settle = (tally: Tally): void => {
      const count = countOf(tally);
      this.#options.ledger.add(entry.signal, { ...tally, spooled: (tally.spooled ?? 0) - count });
      left -= count;
      if (left <= 0) this.#options.spool.finish(entry);
    };
    return { ...spooledParcel(entry.signal, { body, count: entry.count }, entry.json, entry.gzip, settle), entry };
  }

  async #send(parcel: Parcel, timeoutMs?: number): Promise<void> {
    this.#active++;
    const result = await this.#options.post(parcel, timeoutMs, this.#abort.signal);
    this.#active--;
    const verdict: Verdict =
      result.kind === 'failed'
        ? { kind: 'later', afterMs: undefined, reason: result.reason }
        : judge(result.status, result.retryAfter, result.contentType, result.body, clock.now());
    if (verdict.kind === 'taken') this.#taken(parcel, verdict.rejected, verdict.message);
    else if (verdict.kind === 'refused') this.#refused(parcel, verdict);
    else this.#later(parcel, verdict);
    this.#pump();
    for (const watcher of this.#watchers) watcher();
  }

  #taken(parcel: Parcel, rejectedSaid: number, message: string): void {
    this.#up();
    const rejected = Math.min(rejectedSaid, parcel.count);
    parcel.settle({ sent: parcel.count - rejected, dropped: { rejected } });
    if (rejected > 0)
      warn(
        'otlp-partial',
        `${this.#options.receiver} refused ${rejected} of ${parcel.count} ${parcel.signal} records${message ? `: ${message}` : ''}; they are counted as rejected`,
      );
    else if (message !== '') warn('otlp-advice', `${this.#options.receiver} takes ${parcel.signal} records and says: ${message}`);
  }

  #refused(parcel: Parcel, verdict: Verdict & { kind: 'refused' }): void {
    this.#up();
    const budget = this.#budgets.get(parcel) ?? { left: SPLIT_BUDGET };
    const halves = verdict.divisible && parcel.count > 1 && budget.left >= 2 ? parcel.split() : [];
    if (halves.length > 0) {
      budget.left -= 2;
      for (const half of halves) {
        this.#budgets.set(half, budget);
        this.#queue.unshift(half);
      }
      return;
    }
    parcel.settle({ dropped: { rejected: parcel.count } });
    warn(
      'otlp-refused',
      `${this.#options.receiver} refused ${parcel.count} ${parcel.signal} records: ${verdict.reason}; they are counted as rejected. Check the endpoint and its headers`,
    );
  }

  #later(parcel: Parcel, verdict: Verdict & { kind: 'later' }): void {
    this.#keep(parcel);
    if (this.#abort.signal.aborted) return; // we gave up, not the receiver
    // The failures of requests that ran side by side are one failure.
    if (this.#state.kind === 'up' || this.#active === 0) {
      this.#state = nextState(this.#state, { kind: 'failed', afterMs: verdict.afterMs }, clock.mono(), (this.#options.random ?? Math.random)());
    }
    const { spool, receiver } = this.#options;
    const kept =
      spool.problem === undefined
        ? `records are kept in ${spool.folder} and sent later`
        : `records are kept in memory, because the spool cannot be written (${spool.problem})`;
    warn('otlp-down', `cannot deliver to ${receiver}: ${verdict.reason}; ${kept}`);
    this.#toSpoolAll();
    this.#schedule();
  }

  #up(): void {
    if (this.#state.kind === 'down') this.#options.spool.adopt();
    this.#state = UP;
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#options.spool.size;
    resolved('otlp-down', `${this.#options.receiver} takes records again${waiting > 0 ? `; ${waiting} spooled requests follow` : ''}`);
  }

  /** Tries again when the pause is over. */
  #schedule(): void {
    if (this.#timer !== undefined || this.#state.kind === 'up') return;
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined;
        this.#probe(undefined);
      },
      Math.max(0, this.#state.retryAtMono - clock.mono()),
    );
  }

  /** One request, to see. */
  #probe(timeoutMs: number | undefined): void {
    if (this.#ending && timeoutMs === undefined) return;
    const parcel = this.#fromSpool() ?? this.#queue.shift();
    if (parcel === undefined) this.#state = UP;
    else void this.#send(parcel, timeoutMs);
  }

  #keep(parcel: Parcel): void {
    if (parcel.entry !== undefined) this.#options.spool.giveBack(parcel.entry);
    else if (!this.#toSpool(parcel)) this.#queue.push(parcel);
  }

  #toSpool(parcel: Parcel): boolean {
    const { spool } = this.#options;
    if (!spool.put(parcel.signal, parcel.count, parcel.body, parcel.json, parcel.gzip)) return false;
    parcel.settle({ spooled: parcel.count });
    spool.trim();
    return true;
  }

  #toSpoolAll(): void {
    while (this.#queue.length > 0 && this.#toSpool(this.#queue[0] as Parcel)) this.#queue.shift();
  }

  /** Sends what waits, in memory and on disk, until `untilMono`; see {@link FlushMode} for the rest. */
  async flush(untilMono: number, mode: FlushMode): Promise<void> {
    this.#pump();
    if (this.#state.kind === 'down' && !this.#state.asked && this.#active === 0)
      this.#probe(Math.min(LAST_TRY_MS, Math.max(1, untilMono - clock.mono() - SPOOLING_MS)));
    await this.#until(
      () => this.#active === 0 && (this.#state.kind === 'down' || (this.#queue.length === 0 && this.#options.spool.size === 0)),
      untilMono - SPOOLING_MS,
    );
    if (mode === 'wait') return;
    this.#ending = true;
    this.#abort.abort();
    await this.#until(() => this.#active === 0, untilMono);
    this.#toSpoolAll();
    if (mode === 'last') return;
    this.#ending = false;
    this.#abort = new AbortController();
    this.#schedule();
    this.#pump();
  }

  #until(done: () => boolean, untilMono: number): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clock.clearTimeout(timer);
        this.#watchers = this.#watchers.filter((other) => other !== watcher);
        resolve();
      };
      const watcher = (): void => {
        if (done()) finish();
      };
      const timer = clock.setTimeout(finish, Math.max(0, untilMono - clock.mono()));
      this.#watchers.push(watcher);
    });
  }

  close(): void {
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    this.#options.spool.close();
  }
}

/** A request as it lay on disk; what is in it is told from its bytes. */
function spooledParcel(signal: Signal, { body, count }: SplitHalf, json: boolean, gzip: boolean, settle: (tally: Tally) => void): Parcel {
  const split = (): readonly Parcel[] => {
    if (signal === 'metric') return []; // counted by points, which the bytes do not tell
    return splitRequest(body, json, gzip)?.map((half) => spooledParcel(signal, half, json, gzip, settle)) ?? [];
  };
  return { signal, count, body, json, gzip, settle, split };
}
