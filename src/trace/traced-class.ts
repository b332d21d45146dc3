import { type AnyClass, type AnyFunction, isClass, type MethodPlace } from '../core/wrapper.ts';
import type { TracedOptions } from './traced-options.ts';

/** Marks of functions. As properties they survive the wrappers around them, which copy a function's own properties. */
export const TRACED = Symbol.for('sonde.traced');
export const SKIPPED = Symbol.for('sonde.traced.skip');

/** Marks a function; gives it back. */
export function mark(fn: AnyFunction, symbol: symbol): AnyFunction {
  Object.defineProperty(fn, symbol, { value: true, configurable: true });
  return fn;
}

export function isMarked(fn: object, symbol: symbol): boolean {
  return Object.hasOwn(fn, symbol);
}

/** Traces the methods of a class in place, static ones too; accessors, fields and private methods are left alone. */
export function traceClass(cls: AnyClass, options: TracedOptions, wrap: (fn: AnyFunction, place: MethodPlace) => AnyFunction): AnyClass {
  const className = options.name ?? cls.name;
  const skip = new Set(options.skip);
  const methods = [...methodsOf(cls.prototype as object, false), ...methodsOf(cls, true)];
  for (const name of skip) {
    if (!methods.some(({ key }) => key === name))
      throw new TypeError(`Cannot skip "${name}": class "${className}" has no such method, expected one of its own`);
  }
  for (const { owner, key, isStatic, fn } of methods) {
    if (skip.has(String(key)) || isMarked(fn, SKIPPED) || isMarked(fn, TRACED)) continue;
    const former = Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor;
    Object.defineProperty(owner, key, { ...former, value: wrap(fn, { key: String(key), isStatic, className }) });
  }
  return cls;
}

interface Method {
  readonly owner: object;
  readonly key: string | symbol;
  readonly isStatic: boolean;
  readonly fn: AnyFunction;
}

function methodsOf(owner: object, isStatic: boolean): Method[] {
  const methods: Method[] = [];
  for (const key of Reflect.ownKeys(owner)) {
    if (key === (isStatic ? 'prototype' : 'constructor')) continue;
    const property = Object.getOwnPropertyDescriptor(owner, key);
    const fn: unknown = property?.value;
    // A class kept in a static field is a value, not a method.
    if (typeof fn === 'function' && property?.configurable && !isClass(fn)) methods.push({ owner, key, isStatic, fn: fn as AnyFunction });
  }
  return methods;
}
