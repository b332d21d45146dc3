import type { IBackoff } from 'cockatiel';
import { RateRule, RunRule, type TripRule, type Window } from './breaker-rule.ts';
import { cockatiel } from './cockatiel.ts';
import type { WindowCounts } from './rate-window.ts';

/**
 * `closed`: calls pass · `open`: they are refused until the time to try again · `half_open`: a few pass as a trial ·
 * `forced_open`: somebody opened it, until somebody closes it.
 */
export type BreakerState = 'closed' | 'open' | 'half_open' | 'forced_open';

/** How a call counts. `ignored` says nothing about the service. */
export type CallKind = 'successful' | 'failed' | 'ignored';

/** When a breaker opens, and how it comes back. */
export interface BreakerRules {
  /** How many failures in a row open it; else the rates over `window` do. */
  readonly consecutive: number | undefined;
  readonly window: Window;
  readonly failureRate: number;
  readonly minimumCalls: number;
  /** A call that takes longer is slow. */
  readonly slowMs: number | undefined;
  readonly slowRate: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly trials: number;
}

/** What a breaker goes by, at a moment. */
export interface Figures extends WindowCounts {
  /** 0 to 1; `undefined` while too few calls were made to say. */
  readonly failureRate: number | undefined;
  readonly slowRate: number | undefined;
}

/** A change of state. */
export interface Transition {
  readonly from: BreakerState;
  readonly to: BreakerState;
  /** What it went by before. */
  readonly figures: Figures;
  /** How long it had refused calls or tried; `undefined` where it was closed. */
  readonly sinceClosedMs: number | undefined;
  /** How long it stays open; of `open` only. */
  readonly waitMs: number | undefined;
  readonly reason: string | undefined;
  /** The failure that opened it. */
  readonly error: unknown;
}

const TRIAL_MS = 1_000; // a trial is a call: most are over by then, and what they decide is known

/** Instead of a pass: the call is refused. */
export const REFUSED = -1;

interface Closed {
  readonly kind: 'closed';
  readonly failed: TripRule;
  readonly slow: TripRule | undefined;
}
interface Open {
  readonly kind: 'open';
  readonly sinceMono: number;
  readonly wait: IBackoff<unknown>;
  readonly figures: Figures;
}
interface HalfOpen {
  readonly kind: 'half_open';
  readonly wait: IBackoff<unknown>;
  /** When each trial that is under way began. */
  readonly running: number[];
  done: number;
  failed: number;
  slow: number;
}
interface ForcedOpen {
  readonly kind: 'forced_open';
  readonly sinceMono: number;
  readonly figures: Figures;
}

/**
 * The state of a breaker. It has no timer: an open one is half open as soon as somebody looks after its time. A call belongs to
 * the period in which it began: what ends after a change says nothing about the new state.
 */
export class BreakerMachine {
  readonly #rules: BreakerRules;
  readonly #changed: (transition: Transition) => void;
  readonly #failuresToOpen: number;
  readonly #slowToOpen: number;
  #state: Closed | Open | HalfOpen | ForcedOpen;
  #period = 0;
  #leftClosedMono = 0;
  #openMs = 0;

  constructor(rules: BreakerRules, changed: (transition: Transition) => void) {
    this.#rules = rules;
    this.#changed = changed;
    this.#failuresToOpen = rules.consecutive === undefined ? atLeast(rules.failureRate, rules.trials) : 1;
    this.#slowToOpen = rules.slowMs === undefined ? Number.POSITIVE_INFINITY : rules.consecutive === undefined ? atLeast(rules.slowRate, rules.trials) : 1;
    this.#state = this.#closed();
  }

  state(mono: number): BreakerState {
    this.#look(mono);
    return this.#state.kind;
  }

  /** What a call needs to begin, for {@link leave}; or {@link REFUSED}. */
  enter(mono: number): number {
    if (this.#state.kind === 'closed') return this.#period;
    this.#look(mono);
    const state = this.#state;
    if (state.kind !== 'half_open') return REFUSED;
    const { running } = state;
    // A trial that does not come back keeps nobody out for longer than it was open; if it does come back it counts still.
    const oldest = running[0];
    if (oldest !== undefined && mono - oldest >= this.#rules.openMs) running.shift();
    if (state.done + running.length >= this.#rules.trials) return REFUSED;
    running.push(mono);
    return this.#period;
  }

  /** Takes the outcome of a call that had begun at `startMono` with `pass`. */
  leave(pass: number, startMono: number, mono: number, kind: CallKind, error: unknown): void {
    if (pass !== this.#period) return;
    const state = this.#state;
    const failed = kind === 'failed';
    const slow = this.#rules.slowMs !== undefined && mono - startMono > this.#rules.slowMs;
    if (state.kind === 'half_open') {
      const place = state.running.indexOf(startMono);
      if (place >= 0) state.running.splice(place, 1);
      if (kind !== 'ignored') this.#judge(state, failed, slow, mono, error);
    } else if (state.kind === 'closed' && kind !== 'ignored') {
      // Both take the call, whatever the first says.
      const isFailing = state.failed.add(failed || (slow && state.slow === undefined));
      const isSlow = state.slow?.add(slow) === true;
      if (isFailing || isSlow) this.#open(mono, undefined, isFailing ? error : undefined);
    }
  }

  /** Holds it open until {@link close}. */
  force(mono: number, reason: string | undefined): void {
    this.#look(mono);
    if (this.#state.kind !== 'forced_open') this.#to({ kind: 'forced_open', sinceMono: mono, figures: this.figures() }, mono, reason, undefined);
  }

  close(mono: number, reason: string | undefined): void {
    this.#look(mono);
    if (this.#state.kind !== 'closed') this.#to(this.#closed(), mono, reason, undefined);
  }

  /** As new: closed, and nothing counted. */
  reset(mono: number, reason: string | undefined): void {
    this.close(mono, reason);
    this.#period++;
    this.#state = this.#closed();
  }

  figures(): Figures {
    const state = this.#state;
    if (state.kind === 'open' || state.kind === 'forced_open') return state.figures;
    if (state.kind === 'closed') return { ...countsOf(state.failed), failureRate: state.failed.rate(), slowRate: state.slow?.rate() };
    const { done, failed, slow } = state;
    const hasRates = done > 0 && this.#rules.consecutive === undefined;
    return {
      successes: done - failed,
      failures: failed,
      failureRate: hasRates ? failed / done : undefined,
      slowRate: hasRates && this.#rules.slowMs !== undefined ? slow / done : undefined,
    };
  }

  /** When it is worth another call, in whole milliseconds from now; `undefined` where it is now, or nobody knows. */
  retryAfterMs(mono: number): number | undefined {
    const state = this.#state;
    if (state.kind === 'open') return Math.ceil(Math.max(0, state.sinceMono + state.wait.duration - mono));
    if (state.kind !== 'half_open' || state.done + state.running.length < this.#rules.trials) return undefined;
    const placeInMs = Math.max(0, (state.running[0] ?? mono) + this.#rules.openMs - mono);
    return Math.ceil(Math.min(placeInMs, TRIAL_MS));
  }

  /** How long it is not closed. */
  sinceClosedMs(mono: number): number | undefined {
    return this.#state.kind === 'closed' ? undefined : mono - this.#leftClosedMono;
  }

  /** How long it was open, forced or not, in all its life. */
  totalOpenMs(mono: number): number {
    this.#look(mono);
    const state = this.#state;
    return this.#openMs + (state.kind === 'open' || state.kind === 'forced_open' ? mono - state.sinceMono : 0);
  }

  /** Goes on to the trial when its time has come. */
  #look(mono: number): void {
    const state = this.#state;
    if (state.kind !== 'open' || mono < state.sinceMono + state.wait.duration) return;
    this.#to({ kind: 'half_open', wait: state.wait, running: [], done: 0, failed: 0, slow: 0 }, mono, undefined, undefined);
  }

  /** Decides as soon as the trials that are left cannot change it. */
  #judge(state: HalfOpen, failed: boolean, slow: boolean, mono: number, error: unknown): void {
    state.done++;
    if (failed) state.failed++;
    if (slow) state.slow++;
    const left = this.#rules.trials - state.done;
    if (state.failed >= this.#failuresToOpen || state.slow >= this.#slowToOpen) this.#open(mono, state.wait, failed ? error : undefined);
    else if (state.failed + left < this.#failuresToOpen && state.slow + left < this.#slowToOpen) this.#to(this.#closed(), mono, undefined, undefined);
  }

  #open(mono: number, former: IBackoff<unknown> | undefined, error: unknown): void {
    this.#to({ kind: 'open', sinceMono: mono, wait: former?.next(undefined) ?? this.#firstWait(), figures: this.figures() }, mono, undefined, error);
  }

  #firstWait(): IBackoff<unknown> {
    const { ExponentialBackoff, noJitterGenerator } = cockatiel();
    const { openMs, maxOpenMs } = this.#rules;
    return new ExponentialBackoff({ generator: noJitterGenerator, initialDelay: openMs, maxDelay: maxOpenMs }).next();
  }

  #closed(): Closed {
    const { consecutive, window, failureRate, minimumCalls, slowMs, slowRate } = this.#rules;
    if (consecutive !== undefined) return { kind: 'closed', failed: new RunRule(consecutive), slow: undefined };
    const slow = slowMs === undefined ? undefined : new RateRule(window, slowRate, minimumCalls);
    return { kind: 'closed', failed: new RateRule(window, failureRate, minimumCalls), slow };
  }

  #to(next: Closed | Open | HalfOpen | ForcedOpen, mono: number, reason: string | undefined, error: unknown): void {
    const former = this.#state;
    const transition: Transition = {
      from: former.kind,
      to: next.kind,
      figures: this.figures(),
      sinceClosedMs: this.sinceClosedMs(mono),
      waitMs: next.kind === 'open' ? next.wait.duration : undefined,
      reason,
      error,
    };
    if (former.kind === 'open' || former.kind === 'forced_open') this.#openMs += mono - former.sinceMono;
    if (former.kind === 'closed') this.#leftClosedMono = mono;
    this.#period++;
    this.#state = next;
    this.#changed(transition);
  }
}

function countsOf(rule: TripRule): WindowCounts {
  const { successes, failures } = rule.counts();
  return { successes, failures };
}

/** How many of `calls` make at least the share `rate`. */
function atLeast(rate: number, calls: number): number {
  return Math.max(1, Math.ceil(rate * calls - 1e-9));
}
