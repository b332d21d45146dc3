import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';
import type { Attributes, AttributeValue } from '../core/attributes.ts';
import { clock } from '../core/clock.ts';
import { narrowLimit } from '../core/limit.ts';
import { currentScope, mergeValues, ROOT, runInScope, Scope } from '../core/scope.ts';
import { contextOf, scopeOf } from './engine/context.ts';
import { attributeValue } from './engine/limits.ts';
import { createPropagator } from './propagation.ts';

/** A scope on its way to another thread or process: plain data, fit for `postMessage`, `process.send` and JSON. */
export interface CarriedScope {
  /** `traceparent`, `tracestate` and `baggage`. */
  readonly headers: Readonly<Record<string, string>>;
  /** What `bind()` put in the scope. */
  readonly values?: Attributes | undefined;
  /** Milliseconds that were left of the deadline. */
  readonly leftMs?: number | undefined;
}

// Node's timers hold 31 bits of milliseconds; a deadline further away never comes.
const MAX_LEFT_MS = 2 ** 31 - 1;
const propagator = createPropagator();

/**
 * Packs the scope of the running code for another thread or process: the span, baggage, bound values and the deadline.
 * Cancellation does not travel; send a message of your own for it.
 *
 * @example
 * const message = bind({ 'request.id': 'r-1' }, () => ({ job: 7, scope: carryScope() }));
 * resumeScope(message.scope, () => bound()['request.id']) === 'r-1';
 */
export function carryScope(): CarriedScope {
  const scope = currentScope();
  const headers: Record<string, string> = {};
  propagator.inject(contextOf(scope), headers, SETTER);
  const { limit, values } = scope;
  const leftMs = limit === undefined || limit.deadlineMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, limit.deadlineMs - clock.mono());
  return { headers, ...(values && { values: { ...values } }), ...(leftMs !== undefined && { leftMs }) };
}

/**
 * Runs `fn` in a scope that another thread or process packed: spans continue its trace.
 *
 * Shape: gives what `fn` gives.
 * Errors: none of its own; what is no carried scope is ignored, for it came from outside.
 *
 * @example
 * resumeScope(JSON.parse(JSON.stringify(carryScope())), () => 'ran') === 'ran';
 */
export function resumeScope<T>(carried: CarriedScope, fn: () => T): T {
  return runInScope(scopeFrom(carried), fn);
}

function scopeFrom(carried: unknown): Scope {
  const { headers, values, leftMs } = (typeof carried === 'object' && carried !== null ? carried : {}) as { [key in keyof CarriedScope]: unknown };
  const scope = new Scope(isRecord(headers) ? scopeOf(propagator.extract(contextOf(ROOT), headers, GETTER)) : ROOT);
  if (isRecord(values)) scope.values = mergeValues(undefined, readValues(values));
  if (typeof leftMs === 'number' && leftMs >= 0 && leftMs <= MAX_LEFT_MS) {
    scope.limit = narrowLimit(undefined, clock.mono() + leftMs, AbortSignal.timeout(Math.ceil(leftMs)));
  }
  return scope;
}

function readValues(values: Record<string, unknown>): Attributes {
  const read: Record<string, AttributeValue | undefined> = Object.create(null);
  for (const key of Object.keys(values)) read[key] = attributeValue(values[key], Number.POSITIVE_INFINITY);
  return read;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const SETTER: TextMapSetter<Record<string, string>> = {
  set(headers, key, value) {
    headers[key] = value;
  },
};

const GETTER: TextMapGetter<Record<string, unknown>> = {
  get: (headers, key) => (typeof headers[key] === 'string' ? (headers[key] as string) : undefined),
  keys: (headers) => Object.keys(headers),
};
