import { clock } from '../core/clock.ts';
import { runInScope } from '../core/scope.ts';
import type { OpenCall } from './call.ts';
import { type CallState, endFailed, endOk, watchAbandoned } from './open-call.ts';

type Step = (this: unknown, ...args: unknown[]) => unknown;
type Steps = { [name in 'next' | 'return' | 'throw']?: Step };

const GENERATOR_PROTOTYPE: object = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())) as object;

/** Whether `value` was made by calling a `function*`. Other iterators (of arrays, of maps) are plain values. */
export function isGenerator(value: object): boolean {
  return Object.prototype.isPrototypeOf.call(GENERATOR_PROTOTYPE, value);
}

/** The call lasts as long as the generator is iterated; each step runs in its scope. */
export function followGenerator(call: OpenCall, generator: object): void {
  const state = watchAbandoned(call);
  patchSteps(state, generator as Steps, (result) => stepped(state, result));
  state.holdBy(generator);
}

/** The same for an async generator, an async iterator, or an iterable that gives one. */
export function followAsyncIterable(call: OpenCall, iterable: object): void {
  const state = watchAbandoned(call);
  if (typeof (iterable as Steps).next === 'function') {
    patchSteps(state, iterable as Steps, (result) => steppedAsync(state, result));
    state.holdBy(iterable);
    return;
  }
  const { [Symbol.asyncIterator]: open } = iterable as AsyncIterable<unknown>;
  const opened = function (this: AsyncIterable<unknown>): AsyncIterator<unknown> {
    const iterator = runInScope(call.scope, () => open.call(this));
    // Only the first iteration is the call's; a second one finds it claimed.
    if (state.open && !taken) {
      taken = true;
      try {
        patchSteps(state, iterator as Steps, (result) => steppedAsync(state, result));
        // The iterator and not the iterable is what can be left half-way now.
        state.holdBy(iterator);
      } catch {
        endOk(state);
      }
    }
    return iterator;
  };
  let taken = false;
  define(iterable, Symbol.asyncIterator, opened);
  state.holdBy(iterable);
}

function patchSteps(state: CallState, iterator: Steps, after: (result: unknown) => unknown): void {
  for (const name of ['next', 'return', 'throw'] as const) {
    const step = iterator[name];
    if (typeof step !== 'function') continue;
    define(iterator, name, function (this: unknown, ...args: unknown[]): unknown {
      if (!state.open) return step.apply(this, args);
      let result: unknown;
      try {
        result = runInScope(state.call.scope, () => step.apply(this, args));
      } catch (error) {
        throw endFailed(state, error);
      }
      return after(result);
    });
  }
}

function stepped(state: CallState, result: unknown): unknown {
  state.lastMono = clock.mono();
  if ((result as IteratorResult<unknown> | undefined)?.done === true) endOk(state);
  return result;
}

function steppedAsync(state: CallState, result: unknown): unknown {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return stepped(state, result);
  return (result as PromiseLike<unknown>).then(
    (step) => stepped(state, step),
    (error: unknown) => {
      throw endFailed(state, error);
    },
  );
}

function define(target: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false });
}
