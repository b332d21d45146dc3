import { isCancellation } from '../core/cancelled.ts';
import { clock } from '../core/clock.ts';
import { currentScope } from '../core/scope.ts';
import { type AnyFunction, innermost, type Wrapper } from '../core/wrapper.ts';
import { definitionOf } from '../errors/definition.ts';
import { type BreakerInfo, BreakerMember } from './breaker-member.ts';
import { BREAKER_METERS } from './breaker-meters.ts';
import { BREAKER_OPTIONS, type BreakerOptions, readBreakerOptions } from './breaker-options.ts';
import { type BreakerState, type CallKind, REFUSED } from './breaker-state.ts';
import { follow, isThenable } from './follow.ts';
import { Members } from './members.ts';
import { type WrapperForms, wrapperForms } from './wrapper-forms.ts';

/** A wrapper that can be seen and held open. */
export interface Breaker extends Wrapper {
  readonly state: BreakerState;
  /** 0 to 1; `undefined` while too few calls were made to say. */
  readonly failureRate: number | undefined;
  /** Refuses every call until {@link close} or {@link reset}, such as while what is behind it is repaired. */
  open(reason?: string): void;
  /** Lets calls pass again, whatever the state was. */
  close(): void;
  /** Closes it and forgets every call counted so far. */
  reset(): void;
}

const members = new Members<BreakerMember>('breaker', BREAKER_METERS);

/** Every breaker by name, for pages. */
export function listBreakers(): BreakerInfo[] {
  return Array.from(members, (member) => member.info());
}

/** Why the process is not ready: one sentence for each critical breaker that refuses every call. */
export function openBreakers(): string[] {
  return listBreakers().flatMap(({ critical, reason }) => (critical && reason !== undefined ? [reason] : []));
}

/**
 * Stops calling what fails: when too many calls failed or were slow the breaker opens and refuses calls at once; after a while a few
 * pass as a trial, and decide whether it closes.
 *
 * Shape: a wrapper; the wrapped function keeps its type, a synchronous one stays synchronous. Breakers of one name share one state, with
 * the same options; without a name each has its own. A generator or stream counts when it is returned. Put it outside of `timeout`: a call
 * that a deadline around it cancels counts for nothing.
 * Units: `window`, `slowCall`, `openFor` and `maxOpenFor` are {@link Duration}s; rates are shares from 0 to 1; the clock is monotonic.
 * Errors: a refused call throws or rejects with {@link BreakerOpen} (503), which has an error ID and `data.retryAfterMs`; options that
 * make no sense throw `TypeError` or `RangeError` here.
 * Source: "Release It!" (Michael Nygard); the rules and the metrics are those of resilience4j.
 *
 * @example
 * const rate = breaker('docs-rates', { window: '10s', failureRate: 0.5, minimumCalls: 5, openFor: '30s' });
 * const load = rate((pair) => pair.length);
 * load('EURUSD') === 6 && rate.state === 'closed';
 */
export const breaker: WrapperForms<BreakerOptions, Breaker> = wrapperForms('breaker', BREAKER_OPTIONS, (options, refuse) => {
  const rules = readBreakerOptions(options, refuse);
  const { name, isFailure = isServiceFailure, critical = false } = options;
  const create = (): BreakerMember => new BreakerMember(rules, critical);
  const member = name === undefined ? create() : members.named(name, options, () => create().called(name));
  return {
    wrap(fn, fnName) {
      if (!member.isNamed) members.unnamed(fnName, (own) => member.called(own));
      return guard(fn, member, isFailure);
    },
    face: {
      get state(): BreakerState {
        return member.state;
      },
      get failureRate(): number | undefined {
        return member.figures.failureRate;
      },
      open(reason?: string): void {
        member.open(reason === undefined ? undefined : String(reason).slice(0, 200));
      },
      close: () => member.close(),
      reset: () => member.reset(),
    },
  };
});

/**
 * Calls go past `member`. What is refused is thrown by a function that answers at once, and rejected by one that answers with promises:
 * that is known of `async` functions, and of any other from its first promise on.
 */
function guard(fn: AnyFunction, member: BreakerMember, isFailure: (error: unknown) => boolean): AnyFunction {
  let promises = Object.prototype.toString.call(innermost(fn)) === '[object AsyncFunction]';
  return function (this: unknown, ...args: readonly unknown[]): unknown {
    const startMono = clock.mono();
    const pass = member.enter(startMono);
    if (pass === REFUSED) {
      const refused = member.refusal(startMono);
      if (promises) return Promise.reject(refused);
      throw refused;
    }
    let result: unknown;
    try {
      result = fn.apply(this, args as unknown[]);
    } catch (error) {
      member.leave(pass, startMono, kindOf(error, isFailure), error);
      throw error;
    }
    if (!isThenable(result)) {
      member.leave(pass, startMono, 'successful', undefined);
      return result;
    }
    promises = true;
    return follow(
      () => result,
      () => member.leave(pass, startMono, 'successful', undefined),
      (error) => member.leave(pass, startMono, kindOf(error, isFailure), error),
    );
  };
}

/** How a call that failed counts. A rule of the user's that fails itself must not hide a failure. */
function kindOf(error: unknown, isFailure: (error: unknown) => boolean): CallKind {
  if (isCancellation(currentScope(), error)) return 'ignored';
  try {
    return isFailure(error) === false ? 'ignored' : 'failed';
  } catch {
    return 'failed';
  }
}

/** Refusals of wrappers inside: what is behind them was not asked. */
const REFUSALS: readonly string[] = ['sonde/breaker-open', 'sonde/bulkhead-full', 'sonde/rate-limited'];

/** A known error below 500 is the client's mistake, and tells that the service answers. */
function isServiceFailure(error: unknown): boolean {
  const definition = definitionOf(error);
  if (definition === undefined || definition.kind === 'bug') return true;
  return definition.status >= 500 && !REFUSALS.includes(definition.code);
}
