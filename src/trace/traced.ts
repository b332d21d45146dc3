import type { Attributes } from '../core/attributes.ts';
import { sloOf } from '../core/slo.ts';
import { type AnyClass, type AnyFunction, applyWrapper, isDecoratorContext, type MethodPlace, makeWrapper, type Wrapper } from '../core/wrapper.ts';
import { checkBoundary } from '../errors/boundary-error.ts';
import { type CallPlan, resolveDef } from './call-plan.ts';
import { type CallSite, callSite } from './call-site.ts';
import { tracedCall } from './traced-call.ts';
import { isMarked, mark, SKIPPED, TRACED, traceClass } from './traced-class.ts';
import { checkOptions, kindNumber, type TracedOptions } from './traced-options.ts';

/** A {@link Wrapper} that also decorates classes. */
export interface ClassWrapper extends Wrapper {
  <C extends AnyClass>(cls: C, context?: ClassDecoratorContext): C;
}

/** The forms of {@link traced}: name, options, function, in that order; each may be left out. */
export interface Traced extends ClassWrapper {
  <F extends AnyFunction>(name: string, fn: F): F;
  <F extends AnyFunction>(name: string, options: TracedOptions<F>, fn: F): F;
  <F extends AnyFunction>(options: TracedOptions<F>, fn: F): F;
  (name: string, options?: TracedOptions): ClassWrapper;
  (options: TracedOptions): ClassWrapper;
  /** Method decorator: a class decorator leaves this method alone. */
  readonly skip: Wrapper;
}

/**
 * Gives every call of a function a span, a scope and RED metrics.
 *
 * Shape: a wrapper, and a class decorator (each method, static ones too, in place). The function keeps its type, name,
 * length, `this`, prototype and sync-ness. The span lasts until the call is really over: until a promise is settled,
 * a thenable is awaited, a generator or an async iterable is used up or left, a stream has ended, a callback is called.
 * Before `start()` it is a pass-through.
 * Units: none.
 * Errors: what the function throws, unchanged (`boundary` aside). A cancelled call is no error. `TypeError` here for
 * what is no function and for unknown options.
 * Source: OpenTelemetry trace API; autometrics for the metric names.
 *
 * @example
 * const double = traced('math.double', (n: number) => n * 2);
 * double(21) === 42;
 */
export const traced: Traced = Object.assign(tracedAnyForm, { skip: makeWrapper('skip', (fn) => mark(fn, SKIPPED)) }) as unknown as Traced;

function tracedAnyForm(...args: readonly unknown[]): unknown {
  const [first, second, third] = args;
  if (typeof first === 'string') {
    if (typeof second === 'function' && third === undefined) return configured({ name: first }, second);
    return configured(named(first, second), third);
  }
  if (isOptions(first, second)) return configured(first, second);
  return applyTraced({}, args, callSite(tracedAnyForm));
}
Object.defineProperty(tracedAnyForm, 'name', { value: 'traced' });

function isOptions(first: unknown, second: unknown): first is TracedOptions {
  return typeof first === 'object' && first !== null && typeof second !== 'string' && typeof second !== 'symbol' && !isDecoratorContext(second);
}

function named(name: string, options: unknown): TracedOptions {
  if (options === undefined) return { name };
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`Cannot trace "${name}": options are ${options === null ? 'null' : typeof options}, expected an object`);
  const inner = (options as TracedOptions).name;
  if (inner !== undefined && inner !== name) throw new TypeError(`Cannot trace "${name}": option "name" is "${inner}", expected one name`);
  return { ...options, name };
}

function configured(options: TracedOptions, target: unknown): unknown {
  const subject = options.name ?? (typeof target === 'function' ? target.name : '') ?? '';
  if (options.name === '') throw new TypeError('Cannot trace "": the name is empty, expected a text');
  checkOptions(options, subject);
  kindNumber(options.kind, subject);
  if (options.slo) sloOf(options.slo, 'trace', subject);
  if (options.boundary !== undefined) checkBoundary(options.boundary);
  const site = callSite(tracedAnyForm);
  if (target !== undefined) return applyTraced(options, [target], site);
  return (...args: readonly unknown[]) => applyTraced(options, args, site);
}

function applyTraced(options: TracedOptions, args: readonly unknown[], site: CallSite): unknown {
  const wrap = (fn: AnyFunction, place: MethodPlace | undefined): AnyFunction => traceFunction(options, site, fn, place);
  const onClass = (cls: AnyClass): AnyClass =>
    traceClass(cls, options, (fn, place) => traceFunction({ ...options, name: undefined } as never, site, fn, place));
  return applyWrapper('trace', wrap, onClass, args);
}

function traceFunction(options: TracedOptions, site: CallSite, fn: AnyFunction, place: MethodPlace | undefined): AnyFunction {
  const subject = options.name ?? place?.key ?? fn.name;
  const { attributes } = options;
  const plan: CallPlan = {
    def: undefined,
    name: options.name,
    place,
    module: options.module,
    site,
    kind: kindNumber(options.kind, subject),
    attributes: typeof attributes === 'object' ? constant(attributes) : attributes,
    boundary: options.boundary,
    callback: options.callback === true,
    untilReturn: options.until === 'return',
    slo: options.slo && sloOf(options.slo, 'trace', subject),
  };
  const nameIsKnown = plan.name !== undefined || place === undefined || place.className !== undefined;
  if (nameIsKnown) resolveDef(plan, fn, undefined, undefined);
  const wrapper = tracedCall(fn, plan);
  return isMarked(wrapper, TRACED) ? wrapper : mark(wrapper, TRACED);
}

function constant(attributes: Attributes): () => Attributes {
  const copy = { ...attributes };
  return () => copy;
}
