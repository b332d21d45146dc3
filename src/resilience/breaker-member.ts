import { clock } from '../core/clock.ts';
import { formatMs } from '../core/duration.ts';
import { errorType } from '../core/error-type.ts';
import { type BreakerChanged, breakerChanged } from '../core/events.ts';
import { TimerSeries } from '../core/meters.ts';
import { defineError } from '../errors/define-error.ts';
import { errorIdOf } from '../errors/report.ts';
import { messageOf } from '../errors/stack.ts';
import { BreakerMachine, type BreakerRules, type BreakerState, type CallKind, type Figures, type Transition } from './breaker-state.ts';
import { refusal, tell } from './tell.ts';

/** A call was refused, because the breaker in front of it is open. */
export const BreakerOpen = defineError<{
  readonly breaker: string;
  /** When to try again, in milliseconds; `undefined` where somebody holds the breaker open. */
  readonly retryAfterMs: number | undefined;
}>('sonde/breaker-open', {
  status: 503,
  title: 'Temporarily unavailable',
  public: 'This is not available at the moment. Please try again later.',
  hint: 'What is behind the breaker fails or is slow: the log record of its opening (logger sonde.breakers) has the last failure with its stack.',
});

/** What is known of one breaker. */
export interface BreakerInfo {
  readonly name: string;
  readonly state: BreakerState;
  /** 0 to 1; `undefined` while too few calls were made to say. */
  readonly failureRate: number | undefined;
  /** 0 to 1; `undefined` also where no call is called slow. */
  readonly slowCallRate: number | undefined;
  /** Calls that the rates are taken of, by outcome. */
  readonly successes: number;
  readonly failures: number;
  /** Calls that it refused in all. */
  readonly refused: number;
  /** Milliseconds since it was closed last; `undefined` while it is. */
  readonly sinceClosedMs: number | undefined;
  /** Milliseconds until it tries again; `undefined` where it refuses none, or somebody holds it open. */
  readonly retryAfterMs: number | undefined;
  readonly critical: boolean;
  /** Why, while it refuses calls. */
  readonly reason: string | undefined;
}

const CALLS = {
  name: 'resilience4j_circuitbreaker_calls_seconds',
  help: 'Duration of calls through a circuit breaker, by how they count for it',
  labels: ['name', 'kind'],
} as const;

const MAX_MESSAGE = 300; // characters: it is on each refusal

/** A breaker under its name: its state, what it counted, and the telling of both. */
export class BreakerMember {
  readonly critical: boolean;
  refused = 0;
  /** How often each state was entered. */
  readonly entered: Record<BreakerState, number> = { closed: 0, open: 0, half_open: 0, forced_open: 0 };
  readonly #machine: BreakerMachine;
  #name = 'unnamed';
  #timers: Readonly<Record<CallKind, TimerSeries>> | undefined;
  /** What opened it, while it is not closed. */
  #error: unknown;
  #why: string | undefined;

  constructor(rules: BreakerRules, critical: boolean) {
    this.critical = critical;
    this.#machine = new BreakerMachine(rules, (transition) => this.#changed(transition));
  }

  get name(): string {
    return this.#name;
  }

  get isNamed(): boolean {
    return this.#timers !== undefined;
  }

  /** Gives it its name: once, before the first call. */
  called(name: string): this {
    this.#name = name;
    const timer = (kind: CallKind): TimerSeries => new TimerSeries(CALLS, { name, kind });
    this.#timers = { successful: timer('successful'), failed: timer('failed'), ignored: timer('ignored') };
    return this;
  }

  get state(): BreakerState {
    return this.#machine.state(clock.mono());
  }

  get figures(): Figures {
    return this.#machine.figures();
  }

  get totalOpenMs(): number {
    return this.#machine.totalOpenMs(clock.mono());
  }

  /** Lets a call begin: what it returns goes to {@link leave}, or is REFUSED. */
  enter(startMono: number): number {
    return this.#machine.enter(startMono);
  }

  leave(pass: number, startMono: number, kind: CallKind, error: unknown): void {
    const mono = clock.mono();
    this.#machine.leave(pass, startMono, mono, kind, error);
    this.#timers?.[kind].observe((mono - startMono) / 1_000);
  }

  open(reason: string | undefined): void {
    this.#machine.force(clock.mono(), reason);
  }

  close(): void {
    this.#machine.close(clock.mono(), 'somebody closed it');
  }

  reset(): void {
    this.#machine.reset(clock.mono(), 'somebody reset it');
  }

  info(): BreakerInfo {
    const mono = clock.mono();
    const state = this.#machine.state(mono);
    const { slowRate, ...figures } = this.#machine.figures();
    const isShut = state === 'open' || state === 'forced_open';
    return {
      name: this.#name,
      state,
      ...figures,
      slowCallRate: slowRate,
      refused: this.refused,
      sinceClosedMs: this.#machine.sinceClosedMs(mono),
      retryAfterMs: this.#machine.retryAfterMs(mono),
      critical: this.critical,
      reason: isShut ? `breaker "${this.#name}" is ${state === 'open' ? 'open' : 'held open'}: ${this.#why}` : undefined,
    };
  }

  /** The refusal of a call, with its error ID; it is the caller's to throw. */
  refusal(mono: number): Error {
    this.refused++;
    const state = this.#machine.state(mono);
    const retryAfterMs = this.#machine.retryAfterMs(mono);
    const next = retryAfterMs === undefined ? 'until somebody closes it' : `next trial in ${formatMs(retryAfterMs)}`;
    const is = state === 'half_open' ? 'half open, and its trial calls are under way' : `${state === 'open' ? 'open' : 'held open'}, ${next}`;
    // The failure that opened it is no cause: it has an ID of its own, and this refusal is a failure of this call.
    return refusal(new BreakerOpen(`Cannot call "${this.#name}": its breaker is ${is}`, { data: { breaker: this.#name, retryAfterMs } }), 'breaker.refused', {
      'sonde.resilience.name': this.#name,
      'sonde.resilience.state': state,
      'sonde.resilience.retry_after_ms': retryAfterMs,
      ...this.#lastError(),
      'sonde.resilience.last_error.message': this.#error === undefined ? undefined : messageOf(this.#error).slice(0, MAX_MESSAGE),
    });
  }

  #changed(transition: Transition): void {
    const { from, to, figures, sinceClosedMs, waitMs, reason, error } = transition;
    this.entered[to]++;
    if (to === 'closed') {
      this.#error = undefined;
      this.#why = undefined;
    } else if (to !== 'half_open') {
      this.#error = error ?? this.#error;
      this.#why = reason ?? (to === 'forced_open' ? 'somebody holds it open' : whyOpen(transition));
    }
    tell('breaker.transition', {
      'sonde.resilience.name': this.#name,
      'sonde.resilience.from': from,
      'sonde.resilience.to': to,
      'sonde.resilience.failure_rate': figures.failureRate,
    });
    if (!breakerChanged.active) return;
    const { 'sonde.resilience.last_error.type': type, 'sonde.resilience.last_error.id': id } = this.#lastError();
    const change: BreakerChanged = {
      name: this.#name,
      from,
      to,
      failureRate: figures.failureRate,
      slowCallRate: figures.slowRate,
      sinceClosedMs,
      waitMs,
      reason: to === 'closed' ? reason : this.#why,
      errorType: type,
      errorId: id,
      error: to === 'open' ? error : undefined,
    };
    breakerChanged.publish(change);
  }

  #lastError(): { 'sonde.resilience.last_error.type'?: string; 'sonde.resilience.last_error.id'?: string } {
    if (this.#error === undefined) return {};
    const id = errorIdOf(this.#error);
    return { 'sonde.resilience.last_error.type': errorType(this.#error), ...(id !== undefined && { 'sonde.resilience.last_error.id': id }) };
  }
}

function whyOpen({ from, figures, error }: Transition): string {
  const { successes, failures, failureRate, slowRate } = figures;
  const calls = successes + failures;
  if (from === 'closed' && failureRate === undefined) {
    return `${failures === 1 ? 'a call' : `${failures} calls in a row`} failed${error === undefined ? ' or took too long' : ''}`;
  }
  const slow = slowRate ? `, ${Math.round(slowRate * calls)} took too long` : '';
  return `${failures} of ${calls} ${from === 'half_open' ? 'trial calls' : 'calls'} failed${slow}`;
}
