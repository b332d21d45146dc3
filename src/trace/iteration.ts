import { runInScope } from '../core/scope.ts';
import type { OpenCall } from './call.ts';
import { type Followed, follow } from './followed.ts';

type Step = (this: unknown, ...args: unknown[]) => unknown;
type Steps = { [name in 'next' | 'return' | 'throw']?: Step };

const GENERATOR_PROTOTYPE: object = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())) as object;

/** Whether `value` was made by calling a `function*`. Other iterators (of arrays, of maps) are plain values. */
export function isGenerator(value: object): boolean {
  return Object.prototype.isPrototypeOf.call(GENERATOR_PROTOTYPE, value);
}

/** The call lasts as long as the generator is iterated; each step runs in its scope. */
export function followGenerator(call: OpenCall, generator: object): void {
  follow(call, generator, (followed) => patchSteps(followed, generator as Steps, (result) => stepped(followed, result)));
}

/** The same for an async generator, an async iterator, or an iterable that gives one. */
export function followAsyncIterable(call: OpenCall, iterable: object): void {
  follow(call, iterable, (followed) => {
    if (typeof (iterable as Steps).next === 'function') patchAsync(followed, iterable);
    else watchOpening(followed, iterable as AsyncIterable<unknown>);
  });
}

function watchOpening(followed: Followed, iterable: AsyncIterable<unknown>): void {
  const { [Symbol.asyncIterator]: open } = iterable;
  const opened = function (this: AsyncIterable<unknown>): AsyncIterator<unknown> {
    if (!followed.isOpen) return open.call(this);
    const iterator = runInScope(followed.scope, () => open.call(this));
    // Only the first iteration is the call's; and the iterator, not the iterable, is what can be left half-way now.
    try {
      followed.moveTo(iterator, (its) => patchAsync(its, iterator));
    } catch {
      followed.endOk();
    }
    return iterator;
  };
  define(iterable, Symbol.asyncIterator, opened);
}

function patchAsync(followed: Followed, iterator: object): void {
  patchSteps(followed, iterator as Steps, (result) => steppedAsync(followed, result));
}

function patchSteps(followed: Followed, iterator: Steps, after: (result: unknown) => unknown): void {
  for (const name of ['next', 'return', 'throw'] as const) {
    const step = iterator[name];
    if (typeof step !== 'function') continue;
    define(iterator, name, function (this: unknown, ...args: unknown[]): unknown {
      if (!followed.isOpen) return step.apply(this, args);
      let result: unknown;
      try {
        result = runInScope(followed.scope, () => step.apply(this, args));
      } catch (error) {
        throw followed.endFailed(error);
      }
      return after(result);
    });
  }
}

function stepped(followed: Followed, result: unknown): unknown {
  followed.used();
  if ((result as IteratorResult<unknown> | undefined)?.done === true) followed.endOk();
  return result;
}

function steppedAsync(followed: Followed, result: unknown): unknown {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return stepped(followed, result);
  return (result as PromiseLike<unknown>).then(
    (step) => stepped(followed, step),
    (error: unknown) => {
      throw followed.endFailed(error);
    },
  );
}

function define(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false });
}
