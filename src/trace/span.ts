import type { Attributes } from '../core/attributes.ts';
import { currentScope, runInScope } from '../core/scope.ts';
import { closeCall, failCall } from './call.ts';
import { engine } from './engine/port.ts';
import { outlive } from './outlive.ts';
import { kindNumber, type SpanKindName } from './traced-options.ts';

/** Options of {@link span}. */
export interface SpanOptions {
  readonly attributes?: Attributes;
  /** `'internal'` by default. */
  readonly kind?: SpanKindName;
}

/**
 * Runs `fn` in a span of its own, for a part of a function; it has no metrics. Gives what `fn` gives; the span lasts as
 * `traced` would have it.
 *
 * Shape: `span(name, fn)` or `span(name, options, fn)`.
 * Errors: what `fn` throws; `TypeError` where there is no function.
 *
 * @example
 * span('parse', () => JSON.parse('[1]').length) === 1;
 */
export function span<T>(name: string, fn: () => T): T;
export function span<T>(name: string, options: SpanOptions, fn: () => T): T;
export function span<T>(name: string, second: SpanOptions | (() => T), third?: () => T): T {
  const fn = typeof second === 'function' ? second : third;
  const options = typeof second === 'function' ? undefined : second;
  if (typeof fn !== 'function') throw new TypeError(`Cannot run span "${String(name)}": is ${typeof fn}, expected a function`);
  if (engine === undefined) return fn();
  const scope = engine.open(currentScope(), undefined, String(name), kindNumber(options?.kind, name));
  if (options?.attributes) scope.span?.setAttributes(options.attributes);
  let result: T;
  try {
    result = runInScope(scope, fn);
  } catch (error) {
    throw failCall(scope, undefined, error);
  }
  if (typeof result === 'object' && result !== null) return outlive(scope, undefined, result) as T;
  closeCall(scope, 'ok');
  return result;
}
