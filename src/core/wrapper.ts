/** Any function, whatever it takes and gives. */
// biome-ignore lint/suspicious/noExplicitAny: `unknown` parameters would refuse functions with stricter ones
export type AnyFunction = (...args: any[]) => any;

/** Any class, abstract ones included. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyClass = abstract new (...args: any[]) => any;

/**
 * What changes how a function runs: takes a function and returns one of the same type. The same value is a method
 * decorator, in the TC39 form and in the legacy one (`experimentalDecorators`).
 */
export interface Wrapper {
  <F extends AnyFunction>(fn: F): F;
  <F extends AnyFunction>(method: F, context: ClassMethodDecoratorContext | ClassGetterDecoratorContext | ClassSetterDecoratorContext): F;
  <This, F extends AnyFunction>(field: undefined, context: ClassFieldDecoratorContext<This, F>): (this: This, initial: F) => F;
  <T>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<T>): TypedPropertyDescriptor<T> | undefined;
}

/** Where a decorated function stands in its class. */
export interface MethodPlace {
  /** The member's name; private ones with their `#`. */
  readonly key: string;
  readonly isStatic: boolean;
  /** The class's name, where the decorator is told its class (legacy, class decorators); TC39 methods are not. */
  readonly className: string | undefined;
}

/** Wraps one function. `place` is given where it is a member of a class. */
export type Wrap = (fn: AnyFunction, place: MethodPlace | undefined) => AnyFunction;

/** Makes a wrapper of `wrap`; `what` names it in messages. `onClass` makes it a class decorator too. */
export function makeWrapper(what: string, wrap: Wrap, onClass?: (cls: AnyClass) => AnyClass): Wrapper {
  const wrapper = (...args: readonly unknown[]): unknown => applyWrapper(what, wrap, onClass, args);
  return wrapper as Wrapper;
}

/**
 * Applies wrappers to a function, the outermost first: `stack(a, b)(fn)` is `a(b(fn))`.
 *
 * Shape: a wrapper.
 * Errors: `TypeError` where one of them is no function.
 *
 * @example
 * const twice = (fn) => () => fn() * 2;
 * const plusOne = (fn) => () => fn() + 1;
 * stack(twice, plusOne)(() => 1)() === 4;
 */
export function stack(...wrappers: readonly Wrapper[]): Wrapper {
  for (const [index, wrapper] of wrappers.entries()) {
    if (typeof wrapper !== 'function') throw new TypeError(`Cannot stack wrapper ${index + 1}: is ${typeof wrapper}, expected a wrapper`);
  }
  const inner = wrappers.toReversed();
  const stacked = (target: unknown, ...where: readonly unknown[]): unknown => {
    const legacy = where.length === 2 && !isDecoratorContext(where[0]);
    if (legacy) return inner.reduce<unknown>((descriptor, wrapper) => call(wrapper, target, where[0], descriptor) ?? descriptor, where[1]);
    if (isFieldContext(where[0])) {
      const initializers = inner.map((wrapper) => call(wrapper, undefined, where[0]) as (initial: unknown) => unknown);
      return function (this: unknown, initial: unknown): unknown {
        return initializers.reduce((value, initialize) => initialize.call(this, value), initial);
      };
    }
    return inner.reduce((value, wrapper) => call(wrapper, value, ...where) ?? value, target);
  };
  return stacked as Wrapper;
}

function call(wrapper: Wrapper, ...args: readonly unknown[]): unknown {
  return (wrapper as unknown as (...args: readonly unknown[]) => unknown)(...args);
}

const written = new WeakMap<AnyFunction, AnyFunction>();

/** The function that somebody wrote, below all wrappers that are around it. */
export function innermost(fn: AnyFunction): AnyFunction {
  return written.get(fn) ?? fn;
}

/** What a decorator of any kind, or a call with a function, comes down to. */
export function applyWrapper(what: string, around: Wrap, onClass: ((cls: AnyClass) => AnyClass) | undefined, args: readonly unknown[]): unknown {
  const [target, where, descriptor] = args;
  const wrap: Wrap = (fn, place) => {
    const wrapped = around(fn, place);
    if (wrapped !== fn) written.set(wrapped, innermost(fn));
    return wrapped;
  };
  if (isDecoratorContext(where)) return decorate(what, wrap, onClass, target, where);
  if (typeof where === 'string' || typeof where === 'symbol') return decorateLegacy(what, wrap, target, where, descriptor);
  if (typeof target !== 'function') throw new TypeError(`Cannot ${what}: is ${target === null ? 'null' : typeof target}, expected a function`);
  if (isClass(target)) {
    if (onClass) return onClass(target);
    throw new TypeError(`Cannot ${what} "${target.name}": is a class, expected a function or a method`);
  }
  return wrap(target as AnyFunction, undefined);
}

type DecoratorContext = { readonly kind: string; readonly name: string | symbol | undefined; readonly static?: boolean };

/** Whether a decorator's second argument is the context object of the TC39 form. */
export function isDecoratorContext(value: unknown): value is DecoratorContext {
  return typeof value === 'object' && value !== null && typeof (value as DecoratorContext).kind === 'string' && 'addInitializer' in value;
}

function isFieldContext(value: unknown): boolean {
  return isDecoratorContext(value) && value.kind === 'field';
}

function decorate(what: string, wrap: Wrap, onClass: ((cls: AnyClass) => AnyClass) | undefined, target: unknown, context: DecoratorContext): unknown {
  const place: MethodPlace = { key: String(context.name), isStatic: context.static === true, className: undefined };
  switch (context.kind) {
    case 'method':
    case 'getter':
    case 'setter':
      return wrap(target as AnyFunction, place);
    case 'field':
      return (initial: unknown) => (typeof initial === 'function' ? wrap(initial as AnyFunction, place) : initial);
    case 'class':
      if (onClass) return onClass(target as AnyClass);
      break;
    default:
  }
  throw new TypeError(`Cannot ${what} "${String(context.name)}": is a decorated ${context.kind}, expected a method`);
}

function decorateLegacy(what: string, wrap: Wrap, target: unknown, key: string | symbol, descriptor: unknown): unknown {
  const isStatic = typeof target === 'function';
  const className = isStatic ? target.name : (target as { constructor?: { name?: string } } | null)?.constructor?.name;
  const place: MethodPlace = { key: String(key), isStatic, className };
  const former = descriptor as PropertyDescriptor | undefined;
  if (typeof former?.value === 'function') return { ...former, value: wrap(former.value as AnyFunction, place) };
  if (former?.get !== undefined || former?.set !== undefined) {
    return { ...former, ...(former.get && { get: wrap(former.get, place) }), ...(former.set && { set: wrap(former.set, place) }) };
  }
  throw new TypeError(`Cannot ${what} "${String(key)}": is a property, expected a method`);
}

/** Whether `fn` was written as a class: calling it without `new` would throw. */
export function isClass(fn: unknown): fn is AnyClass {
  if (typeof fn !== 'function') return false;
  const prototype = Object.getOwnPropertyDescriptor(fn, 'prototype');
  return prototype !== undefined && prototype.writable === false && /^class\b/.test(Function.prototype.toString.call(fn));
}

const LEFT_OUT = new Set<string | symbol>(['length', 'name', 'prototype', 'arguments', 'caller']);

/** Gives `wrapper` the outside of `fn`: name, length, prototype, own properties, reflect-metadata. Returns `wrapper`. */
export function mimic<F extends AnyFunction>(wrapper: AnyFunction, fn: F, name: string = fn.name): F {
  Object.defineProperty(wrapper, 'name', { value: name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: fn.length, configurable: true });
  const prototype = Object.getOwnPropertyDescriptor(fn, 'prototype');
  if (prototype) Object.defineProperty(wrapper, 'prototype', prototype);
  for (const key of Reflect.ownKeys(fn)) {
    if (LEFT_OUT.has(key)) continue;
    Object.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(fn, key) as PropertyDescriptor);
  }
  copyMetadata(fn, wrapper);
  return wrapper as F;
}

interface MetadataApi {
  getOwnMetadataKeys?(target: object): unknown[];
  getOwnMetadata(key: unknown, target: object): unknown;
  defineMetadata(key: unknown, value: unknown, target: object): void;
}

/** Frameworks (NestJS, TypeORM) keep metadata by function identity through the `reflect-metadata` package. */
function copyMetadata(from: object, to: object): void {
  const api = Reflect as unknown as MetadataApi;
  if (typeof api.getOwnMetadataKeys !== 'function') return;
  for (const key of api.getOwnMetadataKeys(from)) api.defineMetadata(key, api.getOwnMetadata(key, from), to);
}
