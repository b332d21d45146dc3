import { isCancellation } from '../core/cancelled.ts';
import { warn } from '../core/diag.ts';
import { errorType } from '../core/error-type.ts';
import { isPlainPromise, keepExtras } from '../core/promises.ts';
import { currentScope } from '../core/scope.ts';
import type { AnyFunction, Wrapper } from '../core/wrapper.ts';
import { causesOf } from '../errors/identity.ts';
import { report } from '../errors/report.ts';
import { isThenable } from './follow.ts';
import { Members } from './members.ts';
import { tell } from './tell.ts';
import { type NamedOptions, wrapperForms } from './wrapper-forms.ts';

/** What takes the place of a result: the value, or a function of the error and the call's arguments that makes it. */
export type FallbackTo<F extends AnyFunction> =
  unknown extends ReturnType<F>
    ? // biome-ignore lint/suspicious/noExplicitAny: the function is not known yet
      string | number | bigint | boolean | symbol | object | null | undefined | ((error: unknown, ...args: any[]) => any)
    : Awaited<ReturnType<F>> | ((error: unknown, ...args: Parameters<F>) => ReturnType<F> | Awaited<ReturnType<F>>);

/** What {@link fallback} can be told; `F` is the function's type. */
export interface FallbackOptions<F extends AnyFunction = AnyFunction> extends NamedOptions {
  /** The value in place of a failure, or `(error, ...args) => value`, called with the call's `this`. A value that is itself a function: `() => it`. */
  readonly to: FallbackTo<F>;
  /** The failures that are answered so; default: all. Others reach the caller as they are. */
  readonly on?: (error: unknown) => boolean;
}

/** The forms of {@link fallback}: name, options, function, in that order; name and function may be left out. */
export interface Fallback {
  <F extends AnyFunction>(name: string, options: FallbackOptions<F>, fn: F): F;
  <F extends AnyFunction>(options: FallbackOptions<F>, fn: F): F;
  (name: string, options: FallbackOptions): Wrapper;
  (options: FallbackOptions): Wrapper;
}

class FallbackCounts {
  readonly name: string;
  successful = 0;
  recovered = 0;
  failed = 0;

  constructor(name: string) {
    this.name = name;
  }
}

const members = new Members<FallbackCounts>('fallback', [
  {
    type: 'counter',
    name: 'sonde_fallback_calls_total',
    help: 'Calls of functions that have a fallback, by how they ended',
    labels: ['name', 'kind'],
    read: ({ successful, recovered, failed }) => [
      { labels: { kind: 'successful' }, value: successful },
      { labels: { kind: 'recovered' }, value: recovered },
      { labels: { kind: 'failed' }, value: failed },
    ],
  },
]);

/**
 * Answers with something else where a call fails.
 *
 * Shape: a wrapper, as {@link traced} is; `to` has to be given. A synchronous function stays one: what it throws is answered at once, a
 * rejection with a promise. What a generator or a stream throws later is not answered.
 * Units: none.
 * Errors: the failure is not lost: it is reported and has an error ID, a bug as a bug, a known edge case as a warning, with the attribute
 * `sonde.resilience.fallback`. A cancelled call stays cancelled. What the fallback itself throws is thrown, with the failure as its
 * `cause` where it has none of its own. `TypeError` here without `to`.
 * Source: Fallback in Polly and cockatiel.
 *
 * @example
 * const price = fallback({ to: 0 }, async (sku: string): Promise<number> => {
 *   throw new Error(`no price for ${sku}`);
 * });
 * (await price('a')) === 0;
 *
 * @example
 * const greet = fallback('docs.greet', { to: (error, name) => `hello ${name}` })((name: string): string => {
 *   throw new Error('no greeting');
 * });
 * greet('Ann') === 'hello Ann';
 */
export const fallback: Fallback = wrapperForms<FallbackOptions>('fallback', ['name', 'to', 'on'], (options, refuse) => {
  const { to, on } = options;
  if (!Object.hasOwn(options, 'to')) throw refuse('option "to" is missing, expected the value that takes the place of a failure, or a function that makes it');
  if (on !== undefined && typeof on !== 'function') throw refuse(`option "on" is ${typeof on}, expected a function of the error`);
  return {
    wrap: (fn, name) =>
      fallbackCall(
        fn,
        to,
        on,
        members.named(name, undefined, () => new FallbackCounts(name)),
      ),
  };
}) as Fallback;

function fallbackCall(fn: AnyFunction, to: unknown, on: FallbackOptions['on'], counts: FallbackCounts): AnyFunction {
  return function (this: unknown, ...args: unknown[]): unknown {
    let result: unknown;
    try {
      result = fn.apply(this, args);
    } catch (error) {
      return recover(error, to, on, counts, this, args);
    }
    if (!isThenable(result)) {
      counts.successful++;
      return result;
    }
    const answered = Promise.resolve(result).then(
      (value) => {
        counts.successful++;
        return value;
      },
      (error: unknown) => recover(error, to, on, counts, this, args),
    );
    if (isPlainPromise(result)) keepExtras(result, answered);
    return answered;
  };
}

/** What the caller gets in place of the failure; throws where that is the failure, or one of the fallback's own. */
function recover(error: unknown, to: unknown, on: FallbackOptions['on'], counts: FallbackCounts, self: unknown, args: readonly unknown[]): unknown {
  if (isCancellation(currentScope(), error)) throw error;
  if (!isMeant(error, on, counts)) {
    counts.failed++;
    throw error;
  }
  const failed = (second: unknown): never => {
    counts.failed++;
    throw withCause(second, error);
  };
  const recovered = (value: unknown): unknown => {
    counts.recovered++;
    note(error, counts.name);
    return value;
  };
  if (typeof to !== 'function') return recovered(to);
  let value: unknown;
  try {
    value = (to as AnyFunction).call(self, error, ...args);
  } catch (second) {
    return failed(second);
  }
  return isThenable(value) ? Promise.resolve(value).then(recovered, failed) : recovered(value);
}

function isMeant(error: unknown, on: FallbackOptions['on'], { name }: FallbackCounts): boolean {
  if (on === undefined) return true;
  try {
    return Boolean(on(error));
  } catch (problem) {
    warn('fallback-on', `option "on" of fallback "${name}" threw ${errorType(problem)}, so that the failure goes on to the caller`);
    return false;
  }
}

function note(error: unknown, name: string): void {
  const { id } = report(error, { attributes: { 'sonde.resilience.fallback': name } });
  tell('fallback', { 'sonde.resilience.name': name, 'error.type': errorType(error), 'error.id': id });
}

/** The fallback's own error, which says what it was to cover up for. Where it cannot, the failure has a record of its own. */
function withCause(error: unknown, cause: unknown): unknown {
  if (error === cause) return error;
  try {
    if (error instanceof Error && error.cause === undefined) {
      Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
      return error;
    }
  } catch {
    // It is frozen, or a getter refused: as below.
  }
  if (!causesOf(error).includes(cause)) report(cause);
  return error;
}
