import { ROOT, runInScope, storage } from '../core/scope.ts';
import { enterScope, leaveScope, scopeAt, scopePlace } from '../core/scope-place.ts';
import { type AnyFunction, mimic } from '../core/wrapper.ts';
import { closeCall, failCall } from './call.ts';
import { type CallPlan, resolveDef } from './call-plan.ts';
import { crossBoundary } from './cross-boundary.ts';
import { type CallScope, engine } from './engine/port.ts';
import { watchAbandoned } from './open-call.ts';
import { outlive } from './outlive.ts';

/** Makes the traced form of `fn`; it can be called with `new` exactly if `fn` can. */
export function tracedCall(fn: AnyFunction, plan: CallPlan): AnyFunction {
  const wrapper = isConstructible(fn) ? constructibleCall(fn, plan) : plainCall(fn, plan);
  return mimic(wrapper, fn);
}

function isConstructible(fn: AnyFunction): boolean {
  // Generators own a prototype too but refuse `new`; asking with a proxy runs nothing of the function.
  if (!Object.hasOwn(fn, 'prototype')) return false;
  try {
    Reflect.construct(Object, [], fn);
    return true;
  } catch {
    return false;
  }
}

/**
 * The heart: one span, one scope, no closure while the result is no object. It is written out in the wrapper itself, so
 * that the arguments are passed on as they lie on the stack.
 */
function plainCall(fn: AnyFunction, plan: CallPlan): AnyFunction {
  const isSpecial = plan.attributes !== undefined || plan.callback;
  // A method of an object literal is the only non-arrow function without [[Construct]].
  const holder = {
    call(this: unknown, ...args: unknown[]): unknown {
      const current = engine;
      if (current === undefined) return plan.boundary === undefined ? fn.apply(this, args) : passThrough(fn, plan.boundary, this, args);
      const def = plan.def === undefined ? resolveDef(plan, fn, this, holder.call) : plan.def;
      const place = scopePlace();
      const parent = scopeAt(place);
      const scope = current.open(parent === undefined ? ROOT : parent, def, def.name, plan.kind);
      def.active++;
      const last = isSpecial ? specialArguments(scope, plan, args) : undefined;
      const entered = enterScope(place, scope);
      let result: unknown;
      try {
        result = last === undefined ? fn.apply(this, args) : fn.apply(this, last);
      } catch (error) {
        leaveScope(place, parent, entered);
        throw failCall(scope, plan.boundary, error);
      }
      leaveScope(place, parent, entered);
      if (last !== undefined) return result;
      if (typeof result === 'object' && result !== null && !plan.untilReturn) {
        return outlive(scope, plan.boundary, result);
      }
      closeCall(scope, 'ok');
      return result;
    },
  };
  return holder.call;
}

function constructibleCall(fn: AnyFunction, plan: CallPlan): AnyFunction {
  const plain = plainCall(fn, plan);
  return function call(this: unknown, ...args: unknown[]): unknown {
    if (new.target !== undefined) return constructed(fn, plan, args, new.target === call ? fn : new.target);
    if (plan.def === undefined && engine !== undefined) resolveDef(plan, fn, this, call);
    return plain.apply(this, args);
  };
}

function constructed(fn: AnyFunction, plan: CallPlan, args: unknown[], target: AnyFunction): unknown {
  const construct = (): unknown => Reflect.construct(fn, args, target);
  if (engine === undefined) return construct();
  const def = resolveDef(plan, fn, undefined, undefined);
  const scope = engine.open(storage.getStore() ?? ROOT, def, def.name, plan.kind);
  def.active++;
  if (plan.attributes !== undefined) setCallAttributes(scope, plan.attributes, args);
  try {
    const made = runInScope(scope, construct);
    closeCall(scope, 'ok');
    return made;
  } catch (error) {
    throw failCall(scope, plan.boundary, error);
  }
}

/** Sets the call's attributes; gives the arguments with the callback replaced, where the call ends with one. */
function specialArguments(scope: CallScope, plan: CallPlan, args: unknown[]): unknown[] | undefined {
  if (plan.attributes !== undefined) setCallAttributes(scope, plan.attributes, args);
  return plan.callback ? callbackOf(scope, plan, args) : undefined;
}

function setCallAttributes(scope: CallScope, attributes: NonNullable<CallPlan['attributes']>, args: unknown[]): void {
  const { span } = scope;
  if (!span?.isRecording()) return;
  try {
    const values = attributes.apply(undefined, args as never);
    if (values) span.setAttributes(values);
  } catch {
    // Attributes that cannot be read are left out; the call runs on.
  }
}

/** The arguments with the callback at their end replaced by one that ends the call; `undefined` where there is none. */
function callbackOf(scope: CallScope, plan: CallPlan, args: unknown[]): unknown[] | undefined {
  const callback: unknown = args[args.length - 1];
  if (typeof callback !== 'function') return undefined;
  const { boundary } = plan;
  const caller = storage.getStore();
  const state = watchAbandoned({ scope, boundary });
  const ended = function (this: unknown, ...results: unknown[]): unknown {
    if (state.end()) {
      const error = results[0];
      if (error === null || error === undefined) closeCall(scope, 'ok');
      else results[0] = failCall(scope, boundary, error);
    }
    return storage.run(caller, () => (callback as AnyFunction).apply(this, results));
  };
  state.holdBy(ended);
  return [...args.slice(0, -1), mimic(ended, callback as AnyFunction)];
}

/** Without an engine a boundary holds all the same: it changes which error leaves the module. */
function passThrough(fn: AnyFunction, boundary: string, self: unknown, args: unknown[]): unknown {
  let result: unknown;
  try {
    result = fn.apply(self, args);
  } catch (error) {
    throw crossBoundary(boundary, error);
  }
  if (!(result instanceof Promise)) return result;
  return result.then(undefined, (error: unknown) => {
    throw crossBoundary(boundary, error);
  });
}
