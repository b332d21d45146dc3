import { currentScope, type Scope } from '../core/scope.ts';
import { isCancellation } from './classify.ts';
import { DEFINITION, definitionOf, type ErrorDefinition } from './definition.ts';
import { fieldOf, isObject } from './identity.ts';
import { report } from './report.ts';
import { messageOf } from './stack.ts';

/** The brand of wrappers, in any copy of the package. */
const BRAND: unique symbol = Symbol.for('sonde.error.boundary') as never;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9][A-Za-z0-9_.-]*)*$/;
const MAX_NAME = 60; // it is a metric label

/** What leaves a module instead of an error that is not the module's own; the foreign error is its `cause`. */
export class BoundaryError extends Error {
  /** The module at whose edge it was wrapped. */
  readonly boundary: string;
  readonly code: string;
  declare readonly cause: unknown;

  constructor(boundary: string, cause: unknown) {
    super(messageOf(cause), { cause });
    this.boundary = boundary;
    this.code = `${boundary}/unexpected`;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if ((this as unknown) !== BoundaryError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return fieldOf(value, BRAND as unknown as string) === true;
  }
}
for (const [key, value] of [
  ['name', 'BoundaryError'],
  [BRAND, true],
] as const) {
  Object.defineProperty(BoundaryError.prototype, key, { value, writable: true, configurable: true, enumerable: false });
}
Object.defineProperty(BoundaryError.prototype, DEFINITION, {
  configurable: true,
  get(this: BoundaryError): ErrorDefinition | undefined {
    if (typeof this.boundary !== 'string') return undefined; // the prototype itself
    return {
      code: this.code,
      name: 'BoundaryError',
      kind: 'bug',
      status: 500,
      public: undefined,
      title: 'Internal Server Error',
      hint: undefined,
      owner: undefined,
    };
  },
});

/** Wrappers by the error that they hold, so that one failure that leaves twice leaves as one error. */
const wrappers = new WeakMap<object, BoundaryError>();

/** Refuses a name that is none, where the boundary is written. */
export function checkBoundary(name: unknown): string {
  if (typeof name === 'string' && name.length <= MAX_NAME && NAME.test(name)) return name;
  throw new TypeError(`Cannot make the boundary "${String(name).slice(0, MAX_NAME)}": expected a name such as "payments" of at most ${MAX_NAME} characters`);
}

/**
 * The error that leaves the module `boundary` when `error` comes out of it. The same error where it is a known edge case
 * (of this module or of one below: both have a code and a sentence for the user), a cancellation, or wrapped already.
 * Any other is a bug: it is reported here, where the failing call still runs, and wrapped once.
 */
export function wrapAtBoundary(boundary: string, error: unknown, scope: Scope = currentScope()): unknown {
  if (isCancellation(error) || definitionOf(error)?.kind === 'known' || error instanceof BoundaryError || belongsTo(boundary, error)) return error;
  const known = isObject(error) ? wrappers.get(error) : undefined;
  const wrapper = known ?? new BoundaryError(boundary, error);
  if (isObject(error) && known === undefined) wrappers.set(error, wrapper);
  report(wrapper, { boundary, mechanism: 'boundary', handled: false, scope });
  return wrapper;
}

/** Whether the error is one that the module defined itself: its code begins with the module's name. */
function belongsTo(boundary: string, error: unknown): boolean {
  return definitionOf(error)?.code.startsWith(`${boundary}/`) === true;
}
