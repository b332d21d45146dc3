import type { Attributes } from '../core/attributes.ts';
import { currentScope, mergeValues, Scope } from '../core/scope.ts';
import { causesOf, isObject } from '../errors/identity.ts';
import { report } from '../errors/report.ts';

const ATTEMPTS = Symbol('sonde.retry');

/** The attempts of one call. */
export class Attempts {
  isOver = false;
  // No private fields (#): those are stored apart from the object's own slots, and this is made for every call.
  private readonly scope: Scope;
  private readonly extra: ReadonlyMap<symbol, unknown>;

  /** `scope` is the one around the call. */
  constructor(scope: Scope) {
    this.scope = scope;
    this.extra = (scope.extra === undefined ? new Map<symbol, unknown>() : new Map(scope.extra)).set(ATTEMPTS, this);
  }

  /** The attempts that this call is part of. */
  get outer(): Attempts | undefined {
    return attemptsOf(this.scope);
  }

  /** The scope of one attempt. From the second on its spans, logs and errors say which one it is. */
  scopeOf(attempt: number): Scope {
    const scope = new Scope(this.scope);
    scope.extra = this.extra;
    if (attempt > 1) scope.values = mergeValues(scope.values, { 'sonde.retry.attempt': attempt });
    return scope;
  }
}

function attemptsOf(scope: Scope): Attempts | undefined {
  return scope.extra?.get(ATTEMPTS) as Attempts | undefined;
}

/** Whether a failure may be followed by a further attempt. What an attempt left running, when the call is over, is on its own. */
function isAttempt(scope: Scope): boolean {
  let attempts = attemptsOf(scope);
  while (attempts?.isOver) attempts = attempts.outer;
  return attempts !== undefined;
}

interface Postponed {
  readonly scope: Scope;
  readonly attributes: Attributes;
}
const postponed = new WeakMap<object, Postponed>();

/**
 * Reports a failure of ours, unless it ends an attempt: that may be followed by another, and what is tried again is no failure of
 * the caller's yet.
 */
export function reportOrPostpone(error: Error, attributes: Attributes): void {
  const scope = currentScope();
  if (isAttempt(scope)) postponed.set(error, { scope, attributes });
  else report(error, { attributes });
}

/** Reports what was postponed, now that there will be no further attempt; an attempt around this one postpones it again. */
export function reportPostponed(error: unknown): void {
  if (isAttempt(currentScope())) return;
  for (const cause of causesOf(error)) {
    const waiting = isObject(cause) ? postponed.get(cause) : undefined;
    if (waiting === undefined || !isObject(cause)) continue;
    postponed.delete(cause);
    report(cause, waiting);
  }
}
