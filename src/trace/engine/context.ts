import { EventEmitter } from 'node:events';
import type { Context, ContextManager } from '@opentelemetry/api';
import { currentScope, Scope, SPAN_KEY, type SpanLike, storage } from '../../core/scope.ts';

/** A context that another maker built (the API's own root, for one), seen as a scope. */
class ForeignScope extends Scope {
  readonly #context: Context;

  constructor(context: Context) {
    super();
    this.#context = context;
    this.span = context.getValue(SPAN_KEY) as SpanLike | undefined;
  }

  override getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.span : (this.extra?.get(key) ?? this.#context.getValue(key));
  }

  override setValue(key: symbol, value: unknown): Scope {
    const next = new ForeignScope(this.#context.setValue(key, value));
    next.values = this.values;
    next.limit = this.limit;
    return next;
  }

  override deleteValue(key: symbol): Scope {
    const next = new ForeignScope(this.#context.deleteValue(key));
    next.values = this.values;
    next.limit = this.limit;
    return next;
  }
}

/** The scope that a context of the API stands for; scopes are contexts, so most often it is the context itself. */
export function scopeOf(context: Context): Scope {
  if ((context as unknown) instanceof Scope) return context as unknown as Scope;
  return new ForeignScope(context);
}

/** A scope as the API's type of it, which only asks for branded keys. */
export function contextOf(scope: Scope): Context {
  return scope as unknown as Context;
}

type Listener = (...args: unknown[]) => void;

/** OpenTelemetry's context manager on Sonde's one storage. */
export class SondeContextManager implements ContextManager {
  active(): Context {
    return contextOf(currentScope());
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(context: Context, fn: F, thisArg?: ThisParameterType<F>, ...args: A): ReturnType<F> {
    const scope = scopeOf(context);
    return storage.run(scope, () => fn.apply(thisArg as never, args));
  }

  bind<T>(context: Context, target: T): T {
    const scope = scopeOf(context);
    if (target instanceof EventEmitter) return bindEmitter(scope, target) as T;
    return typeof target === 'function' ? (bindFunction(scope, target as unknown as Listener) as T) : target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

function bindFunction(scope: Scope, fn: Listener): Listener {
  const bound = function (this: unknown, ...args: unknown[]): unknown {
    return storage.run(scope, () => fn.apply(this, args));
  };
  Object.defineProperty(bound, 'length', { value: fn.length, configurable: true });
  return bound as Listener;
}

const boundEmitters = new WeakSet<EventEmitter>();

/** Listeners that are added from now on run in `scope`; they can be removed by themselves. */
function bindEmitter(scope: Scope, emitter: EventEmitter): EventEmitter {
  if (boundEmitters.has(emitter)) return emitter;
  boundEmitters.add(emitter);
  const { on, addListener, prependListener } = emitter;
  const adder = (add: typeof on) =>
    function (this: EventEmitter, event: string | symbol, listener: Listener): EventEmitter {
      return add.call(this, event, findable(bindFunction(scope, listener), listener));
    };
  const onceAdder = (add: typeof on) =>
    function (this: EventEmitter, event: string | symbol, listener: Listener): EventEmitter {
      const once = bindFunction(scope, (...args) => {
        this.removeListener(event, once);
        listener.apply(this, args);
      });
      return add.call(this, event, findable(once, listener));
    };
  return Object.assign(emitter, {
    on: adder(on),
    addListener: adder(addListener),
    prependListener: adder(prependListener),
    once: onceAdder(on),
    prependOnceListener: onceAdder(prependListener),
  });
}

/** Node finds a listener by this property too: `off(listener)` and `listeners()` know the original. */
function findable(bound: Listener, listener: Listener): Listener {
  return Object.assign(bound, { listener });
}
