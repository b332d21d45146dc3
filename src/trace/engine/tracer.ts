import type { Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import type { Attributes } from '../../core/attributes.ts';
import { currentScope, Scope, storage } from '../../core/scope.ts';
import { scopeOf } from './context.ts';
import { InertSpan } from './inert-span.ts';
import type { NativeEngine } from './native.ts';
import type { Moment } from './time-input.ts';
import { monoOf } from './time-input.ts';

/** OpenTelemetry's context key by which exporters keep their own requests out of the trace. */
export const SUPPRESS_KEY = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

type Body = (span: Span) => unknown;

/** A tracer of our engine, for instrumentations that are written against the OpenTelemetry API. */
export class NativeTracer implements Tracer {
  readonly #engine: NativeEngine;
  readonly #library: { readonly name: string; readonly version?: string | undefined };

  constructor(engine: NativeEngine, name: string, version: string | undefined) {
    this.#engine = engine;
    this.#library = Object.freeze({ name, version });
  }

  startSpan(name: string, options: SpanOptions = {}, context?: Context): Span {
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
    const parent = context === undefined ? currentScope() : scopeOf(context);
    const span = this.startSpan(name, options, parent as unknown as Context);
    const scope = new Scope(parent);
    scope.span = span as never;
    return storage.run(scope, fn, span) as ReturnType<F>;
  }
}

function withoutSpan(parent: Scope): Scope {
  const scope = new Scope(parent);
  scope.span = undefined;
  return scope;
}
