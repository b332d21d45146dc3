import { type AnyFunction, innermost } from '../core/wrapper.ts';
import { follow, isThenable } from './follow.ts';
import type { Gate } from './gate.ts';
import { gateAsyncGenerator, gateGenerator } from './gated-generator.ts';

/**
 * A function whose calls pass `gate` first. Only one that answers with promises can wait: that is known of `async` functions
 * and asynchronous generators, and of any other from its first promise on. What is refused is thrown by a function that
 * answers at once, and rejected by one that does not.
 *
 * A generator passes with its first step, since its call runs nothing, and leaves when it is over.
 */
export function gated(fn: AnyFunction, gate: Gate): AnyFunction {
  const kind = Object.prototype.toString.call(innermost(fn));
  if (kind === '[object AsyncGeneratorFunction]') return gateOf(fn, (generator, args) => gateAsyncGenerator(generator as AsyncGenerator, args, gate));
  if (kind === '[object GeneratorFunction]') return gateOf(fn, (generator, args) => gateGenerator(generator as Generator, args, gate));
  let promises = kind === '[object AsyncFunction]';
  const call = (self: unknown, args: readonly unknown[]): unknown => {
    const result: unknown = fn.apply(self, args as unknown[]);
    if (!promises && isThenable(result)) promises = true;
    return result;
  };
  const leave = gate.leave && ((): void => gate.leave?.());
  const run = leave === undefined ? call : (self: unknown, args: readonly unknown[]): unknown => follow(() => call(self, args), leave, leave);
  return function (this: unknown, ...args: readonly unknown[]): unknown {
    if (!promises) {
      void gate.enter(args, false); // who may not wait gets no promise
      return run(this, args);
    }
    let entry: Promise<void> | undefined;
    try {
      entry = gate.enter(args, true);
    } catch (refused) {
      return Promise.reject(refused);
    }
    return entry === undefined ? run(this, args) : entry.then(() => run(this, args));
  };
}

function gateOf(fn: AnyFunction, put: (generator: unknown, args: readonly unknown[]) => void): AnyFunction {
  return function (this: unknown, ...args: readonly unknown[]): unknown {
    const generator: unknown = fn.apply(this, args as unknown[]);
    put(generator, args);
    return generator;
  };
}
