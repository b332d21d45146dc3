import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attributes, AttributeValue } from './attributes.ts';
import type { FunctionDef } from './function-def.ts';

/** The part of an OpenTelemetry span that every layer may use without knowing an engine. */
export interface SpanLike {
  spanContext(): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number };
  setAttribute(key: string, value: AttributeValue): unknown;
  setAttributes(attributes: Attributes): unknown;
  addEvent(name: string, attributes?: Attributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  isRecording(): boolean;
  /** The traced function whose span this is; absent on spans made through the OpenTelemetry API. */
  readonly def?: FunctionDef | undefined;
  /** The span's name, where the engine tells it. */
  readonly name?: string;
}

/** The deadline and the cancellation that hold for a scope. */
export interface Limit {
  /** Monotonic milliseconds ({@link Clock.mono}); `Infinity` where only a signal was given. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** `false` while nobody has asked for the signal and it need not exist, so that nobody can know its reason; absent where it always does. */
  readonly isAsked?: boolean;
  /** When the signal aborted, in monotonic milliseconds; `undefined` while it has not, or where nobody noted it. */
  readonly abortedMono?: number | undefined;
}

/** OpenTelemetry's context key of the active span; API versions agree on it by `Symbol.for`. */
export const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');

/**
 * What travels with an asynchronous flow: the span, the bound values, the limit. One object is the scope, the
 * OpenTelemetry `Context` and (in our own engine's subclass) the span of a traced call, so that a call allocates once.
 */
export class Scope {
  // Declared only, here and below on what a call allocates: a field that is defined first and set after is stored twice, and
  // V8 then keeps its numbers in boxes of their own.
  declare span: SpanLike | undefined;
  /** Values of `bind()`, inherited; the record itself is never changed. */
  declare values: Attributes | undefined;
  declare limit: Limit | undefined;
  /** Values of other OpenTelemetry context keys. */
  declare extra: ReadonlyMap<symbol, unknown> | undefined;

  constructor(parent?: Scope) {
    if (parent === undefined) {
      this.span = undefined;
      this.values = undefined;
      this.limit = undefined;
      this.extra = undefined;
    } else {
      this.span = parent.span;
      this.values = parent.values;
      this.limit = parent.limit;
      this.extra = parent.extra;
    }
  }

  /** OpenTelemetry `Context.getValue`. */
  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.span : this.extra?.get(key);
  }

  /** OpenTelemetry `Context.setValue`: a new scope; this one stays as it is. */
  setValue(key: symbol, value: unknown): Scope {
    const next = new Scope(this);
    if (key === SPAN_KEY) next.span = value as SpanLike | undefined;
    else next.extra = new Map(this.extra).set(key, value);
    return next;
  }

  /** OpenTelemetry `Context.deleteValue`. */
  deleteValue(key: symbol): Scope {
    const next = new Scope(this);
    if (key === SPAN_KEY) next.span = undefined;
    else if (this.extra?.has(key)) {
      const extra = new Map(this.extra);
      extra.delete(key);
      next.extra = extra;
    }
    return next;
  }
}

/** The scope outside every call. */
export const ROOT: Scope = new Scope();

/** The one storage of the process. Only this file and `scope-place.ts` touch it. */
export const storage: AsyncLocalStorage<Scope | undefined> = new AsyncLocalStorage();

/** The scope of the running code, {@link ROOT} outside of any. */
export function currentScope(): Scope {
  return storage.getStore() ?? ROOT;
}

/** Runs `fn` in `scope`. */
export function runInScope<T>(scope: Scope, fn: () => T): T {
  return storage.run(scope, fn);
}

/** Derives a scope with `values` added over the inherited ones. */
export function withValues(parent: Scope, values: Attributes): Scope {
  const next = new Scope(parent);
  next.values = mergeValues(parent.values, values);
  return next;
}

/** Joins bound values; the later ones win. The result has no prototype, so that no name is special. */
export function mergeValues(former: Attributes | undefined, added: Attributes): Attributes {
  const merged: Record<string, AttributeValue | undefined> = Object.create(null);
  if (former) for (const key of Object.keys(former)) merged[key] = former[key];
  for (const key of Object.keys(added)) if (added[key] !== undefined) merged[key] = added[key];
  return merged;
}
