import type { Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import type { Attributes } from '../../core/attributes.ts';
import { currentScope, Scope, storage } from '../../core/scope.ts';
import { scopeOf } from './context.ts';
import { InertSpan } from './inert-span.ts';
import type { NativeEngine } from './native.ts';
import { registeredProvider } from './registration.ts';
import type { Moment } from './time-input.ts';
import { monoOf } from './time-input.ts';

/** OpenTelemetry's context key by which exporters keep their own requests out of the trace. */
export const SUPPRESS_KEY = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

type Body = (span: Span) => unknown;

/** The provider of a tracer, as the tracer sees it. */
interface Home {
  readonly isRetired: boolean;
}

/** A tracer of our engine, for instrumentations that are written against the OpenTelemetry API. */
export class NativeTracer implements Tracer {
  readonly #home: Home;
  readonly #engine: NativeEngine;
  readonly #library: { readonly name: string; readonly version?: string | undefined };

  constructor(home: Home, engine: NativeEngine, name: string, version: string | undefined) {
    this.#home = home;
    this.#engine = engine;
    this.#library = Object.freeze({ name, version });
  }

  startSpan(name: string, options: SpanOptions = {}, context?: Context): Span {
    if (this.#home.isRetired) return this.#successor()?.startSpan(name, options, context) ?? new InertSpan();
    const parent = context === undefined ? currentScope() : scopeOf(context);
    if (parent.getValue(SUPPRESS_KEY) === true) return new InertSpan();
    const span = this.#engine.open(
      options.root ? withoutSpan(parent) : parent,
      undefined,
      String(name),
      options.kind ?? 0,
      options.attributes as Attributes | undefined,
    );
    span.library = this.#library;
    span.listUntilEnd();
    if (options.startTime !== undefined) span.startMono = monoOf(options.startTime as Moment);
    if (options.links) span.addLinks(options.links);
    if (options.attributes) span.setAttributes(options.attributes as Attributes);
    return span;
  }

  startActiveSpan<F extends Body>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends Body>(name: string, options: SpanOptions, fn: F): ReturnType<F>;
  startActiveSpan<F extends Body>(name: string, options: SpanOptions, context: Context, fn: F): ReturnType<F>;
  startActiveSpan<F extends Body>(name: string, ...rest: [F] | [SpanOptions, F] | [SpanOptions, Context, F]): ReturnType<F> | undefined {
    const fn = rest.at(-1) as F;
    if (typeof fn !== 'function') return undefined;
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : undefined;
    const context = rest.length > 2 ? (rest[1] as Context) : undefined;
    const next = this.#home.isRetired ? this.#successor() : undefined;
    if (next !== undefined) return Reflect.apply(next.startActiveSpan, next, [name, ...rest]) as ReturnType<F>;
    const parent = context === undefined ? currentScope() : scopeOf(context);
    const span = this.startSpan(name, options, parent as unknown as Context);
    const scope = new Scope(parent);
    scope.span = span as never;
    return storage.run(scope, fn, span) as ReturnType<F>;
  }

  /**
   * The tracer of the same name of whoever is behind the API now: the API's own proxies remember the first tracer that they
   * got, so that a second `start()` in the process would get no span of any instrumentation.
   */
  #successor(): Tracer | undefined {
    const provider = registeredProvider();
    if (provider === undefined || ('isRetired' in provider && provider.isRetired === true)) return undefined;
    return provider.getTracer(this.#library.name, this.#library.version);
  }
}

function withoutSpan(parent: Scope): Scope {
  const scope = new Scope(parent);
  scope.span = undefined;
  return scope;
}
