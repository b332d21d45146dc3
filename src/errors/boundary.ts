import { isPlainPromise, keepExtras } from '../core/promises.ts';
import { type AnyClass, type AnyFunction, makeWrapper, mimic, type Wrapper } from '../core/wrapper.ts';
import { checkBoundary, wrapAtBoundary } from './boundary-error.ts';

/**
 * Puts the edge of a module around a function, a method or all methods of a class: an error that is not a known edge case
 * leaves as a `BoundaryError` of that module with the foreign error as its `cause`, and is reported as a bug.
 *
 * Shape: a wrapper and a class decorator; sync stays sync, promises, thenables (a query that starts when it is awaited, the
 * same object still), generators and async generators are followed.
 * Errors: throws `TypeError` for a name that is none.
 *
 * @example
 * const charge = boundary('payments')(() => JSON.parse('{'));
 * let caught;
 * try { charge(); } catch (error) { caught = error; }
 * caught instanceof BoundaryError;
 * caught.cause instanceof SyntaxError;
 */
export function boundary(name: string): BoundaryDecorator {
  checkBoundary(name);
  const guard = (fn: AnyFunction): AnyFunction => guarded(name, fn);
  return makeWrapper(`put the boundary "${name}" around`, guard, (cls) => guardClass(cls, guard)) as BoundaryDecorator;
}

/** A {@link Wrapper} that may stand on a class too. */
export interface BoundaryDecorator extends Wrapper {
  <C extends AnyClass>(cls: C, context?: ClassDecoratorContext<C>): C;
}

function guarded(name: string, fn: AnyFunction): AnyFunction {
  const wrapper = {
    call(this: unknown, ...args: unknown[]): unknown {
      try {
        return follow(name, fn.apply(this, args));
      } catch (error) {
        throw wrapAtBoundary(name, error);
      }
    },
  };
  return mimic(wrapper.call, fn);
}

/** Errors that come later: from a promise, from the rounds of an iterator. */
function follow(name: string, result: unknown): unknown {
  if (typeof result !== 'object' || result === null) return result;
  try {
    if (isPlainPromise(result)) {
      const guarded = result.catch((error: unknown) => {
        throw wrapAtBoundary(name, error);
      });
      keepExtras(result, guarded);
      return guarded;
    }
    if (typeof (result as PromiseLike<unknown>).then === 'function') once(name, result, () => guardThenable(name, result as PromiseLike<unknown>));
    else if (isGenerator(result)) once(name, result, () => guardGenerator(name, result));
  } catch {
    // It is frozen, or refuses to be looked at: its later life cannot be guarded.
  }
  return result;
}

/** What stays the same object, and the boundaries that guard it: a cached connection leaves its module again and again. */
const guards = new WeakMap<object, Set<string>>();

function once(name: string, result: object, guard: () => void): void {
  const known = guards.get(result);
  if (known?.has(name)) return;
  guard();
  if (known === undefined) guards.set(result, new Set([name]));
  else known.add(name);
}

/** A thenable, or a promise of a class of its own, stays the same object: a query builder has methods, and is not started yet. */
function guardThenable(name: string, thenable: PromiseLike<unknown>): void {
  const { then } = thenable;
  const value = function (this: PromiseLike<unknown>, onValue?: unknown, onError?: unknown): unknown {
    return then.call(this, onValue as never, (error: unknown) => {
      const thrown = wrapAtBoundary(name, error);
      if (typeof onError !== 'function') throw thrown;
      return onError(thrown);
    });
  };
  Object.defineProperty(thenable, 'then', { value, writable: true, configurable: true });
}

type Generator = Record<'next' | 'return' | 'throw', AnyFunction>;

function isGenerator(value: object): value is Generator {
  const tag = Object.prototype.toString.call(value);
  return tag === '[object Generator]' || tag === '[object AsyncGenerator]';
}

/** The object stays the same, and so do its prototype and what else is known of it. */
function guardGenerator(name: string, generator: Generator): void {
  for (const key of ['next', 'return', 'throw'] as const) {
    Object.defineProperty(generator, key, { value: guarded(name, generator[key]), writable: true, configurable: true });
  }
}

/** Guards the methods and accessors of a class in place, static ones too. Private methods and fields are inside the module. */
function guardClass(cls: AnyClass, guard: (fn: AnyFunction) => AnyFunction): AnyClass {
  for (const owner of [cls, cls.prototype as object]) {
    for (const key of Reflect.ownKeys(owner)) {
      if (key === 'constructor' || key === 'prototype' || key === Symbol.hasInstance) continue;
      const former = Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor;
      if (!former.configurable) continue;
      if (typeof former.value === 'function' && !/^class\b/.test(Function.prototype.toString.call(former.value))) {
        Object.defineProperty(owner, key, { ...former, value: guard(former.value as AnyFunction) });
      } else if (former.get !== undefined || former.set !== undefined) {
        Object.defineProperty(owner, key, { ...former, ...(former.get && { get: guard(former.get) }), ...(former.set && { set: guard(former.set) }) });
      }
    }
  }
  return cls;
}
