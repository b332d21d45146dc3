import type { Attributes } from './attributes.ts';
import { currentScope, mergeValues, ROOT, runInScope, Scope, storage, withValues } from './scope.ts';

/**
 * Puts values in the scope: they reach every span, log line and error record below.
 *
 * Shape: `bind(values)` holds from here to the end of the call (or request) it stands in; `bind(values, fn)` holds
 * for `fn` only and returns what `fn` returns.
 * Errors: none; values that are `undefined` are left out.
 *
 * @example
 * bind({ 'request.id': 'r-17' }, () => bound()['request.id']) === 'r-17';
 */
export function bind(values: Attributes): void;
export function bind<T>(values: Attributes, fn: () => T): T;
export function bind<T>(values: Attributes, fn?: () => T): T | undefined {
  const scope = currentScope();
  if (fn) return runInScope(withValues(scope, values), fn);
  if (scope === ROOT) storage.enterWith(withValues(new Scope(), values));
  else scope.values = mergeValues(scope.values, values);
  return undefined;
}

/**
 * The values bound around the running code, inherited ones included.
 *
 * @example
 * bind({ plan: 'pro' }, () => bound().plan) === 'pro';
 */
export function bound(): Attributes {
  return currentScope().values ?? EMPTY;
}

const EMPTY: Attributes = Object.freeze(Object.create(null));
