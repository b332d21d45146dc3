import { checkOptionNames } from '../core/known-options.ts';
import { ownerName } from '../core/owner-name.ts';
import { type AnyFunction, applyWrapper, isDecoratorContext, type MethodPlace, mimic, type Wrapper } from '../core/wrapper.ts';

/** What every wrapper can be told. */
export interface NamedOptions {
  /** The name on metrics, events and errors; the function's own (`Class.method` where the class is known) by default. */
  readonly name?: string;
}

/**
 * The forms of a wrapper: name, options, function, in that order; each may be left out. Without a function it is a decorator,
 * and a wrapper for as many functions as one likes.
 */
export interface WrapperForms<O extends NamedOptions, W extends Wrapper = Wrapper> extends Wrapper {
  <F extends AnyFunction>(name: string, fn: F): F;
  <F extends AnyFunction>(name: string, options: O, fn: F): F;
  <F extends AnyFunction>(options: O, fn: F): F;
  (name: string, options?: O): W;
  (options?: O): W;
}

/** One wrapper, its options read and checked. */
export interface Maker {
  /** Wraps `fn`; `name` is the one that was given, else the function's. What it returns gets name, length and more of `fn`. */
  wrap(fn: AnyFunction, name: string): AnyFunction;
  /** Properties of what {@link wrap} returns that are its own, such as `size`. */
  readonly shows?: readonly string[];
  /** What the wrapper value shows besides being one, such as its state. */
  readonly face?: object;
}

/**
 * Makes the forms of a wrapper. `what` names it in messages, such as `retry`; `prepare` runs once for each use, and throws
 * where an option is wrong, `refuse` making the message. `short` reads a text that may stand for the options, such as `'2s'`;
 * one that stands alone (`isAlone`) may be a name.
 */
export function wrapperForms<O extends NamedOptions, W extends Wrapper = Wrapper>(
  what: string,
  known: readonly (keyof O & string)[],
  prepare: (options: O, refuse: (problem: string) => TypeError) => Maker,
  short?: (text: string, isAlone: boolean) => O | undefined,
): WrapperForms<O, W> {
  const configured = (options: O): Wrapper => {
    const subject = options?.name === undefined ? '' : ` "${String(options.name).slice(0, 100)}"`;
    checkOptionNames(`Cannot make ${what}${subject}`, options, known);
    const refuse = (problem: string): TypeError => new TypeError(`Cannot make ${what}${subject}: ${problem}`);
    if (options.name !== undefined && (typeof options.name !== 'string' || options.name === '')) {
      throw refuse(`its name is ${options.name === '' ? 'empty' : typeof options.name}, expected a text`);
    }
    const maker = prepare(options, refuse);
    const wrap = (fn: AnyFunction, place: MethodPlace | undefined): AnyFunction => {
      const isKnown = options.name !== undefined || place === undefined || place.className !== undefined;
      return mimic(isKnown ? maker.wrap(fn, options.name ?? nameOf(fn, place)) : namedLate(fn, place, maker), fn);
    };
    const wrapper = (...args: readonly unknown[]): unknown => applyWrapper(`wrap with ${what}`, wrap, undefined, args);
    if (maker.face) Object.defineProperties(wrapper, Object.getOwnPropertyDescriptors(maker.face));
    return wrapper as Wrapper;
  };
  const forms = (...args: readonly unknown[]): unknown => {
    const { options, target } = readForm(what, short ? written(args, short) : args);
    const wrapper = configured(options as O);
    return target === undefined ? wrapper : (wrapper as unknown as (...target: readonly unknown[]) => unknown)(...target);
  };
  Object.defineProperty(forms, 'name', { value: what, configurable: true });
  return forms as WrapperForms<O, W>;
}

/** The arguments with the options in full where a text stood for them: after the name, or first. */
function written(args: readonly unknown[], short: (text: string, isAlone: boolean) => object | undefined): readonly unknown[] {
  const at = typeof args[0] === 'string' && (typeof args[1] === 'string' || (typeof args[1] === 'object' && args[1] !== null)) ? 1 : 0;
  const text = args[at];
  const options = typeof text === 'string' ? short(text, at === 0) : undefined;
  return options === undefined ? args : args.with(at, options);
}

/** Tells name, options and what is to be wrapped apart; `target` holds the arguments of a decorator too. */
function readForm(what: string, args: readonly unknown[]): { options: unknown; target: readonly unknown[] | undefined } {
  const [first, second, third] = args;
  if (args.length === 0) return { options: {}, target: undefined };
  if (typeof first === 'string') {
    if (typeof second === 'function') return { options: { name: first }, target: [second] };
    const options = second === undefined ? {} : second;
    checkOptionNames(`Cannot make ${what} "${first.slice(0, 100)}"`, options, Object.keys(Object(options)));
    const inner = (options as NamedOptions).name;
    if (inner !== undefined && inner !== first) {
      throw new TypeError(`Cannot make ${what} "${first}": option "name" is "${String(inner)}", expected one name`);
    }
    return { options: { ...(options as object), name: first }, target: third === undefined ? undefined : [third] };
  }
  if (isDecorated(first, second)) return { options: {}, target: args };
  return { options: first, target: second === undefined ? undefined : [second] };
}

function isDecorated(first: unknown, second: unknown): boolean {
  return typeof first === 'function' || isDecoratorContext(second) || typeof second === 'string' || typeof second === 'symbol';
}

/** TC39 decorators are not told the class of their method: the `this` of the first call tells it, and the wrapper is made then. */
function namedLate(fn: AnyFunction, place: MethodPlace, maker: Maker): AnyFunction {
  let made: AnyFunction | undefined;
  const make = (self: unknown): AnyFunction => {
    made = maker.wrap(fn, nameOf(fn, { ...place, className: ownerName(place, self, fn) }));
    return made;
  };
  const late = function (this: unknown, ...args: unknown[]): unknown {
    return (made ?? make(this)).apply(this, args);
  };
  for (const key of maker.shows ?? []) {
    Object.defineProperty(late, key, { get: () => Reflect.get(made ?? make(undefined), key) as unknown, configurable: true });
  }
  return late;
}

function nameOf(fn: AnyFunction, place: MethodPlace | undefined): string {
  if (place === undefined) return fn.name || 'anonymous';
  return place.className ? `${place.className}.${place.key}` : place.key;
}
