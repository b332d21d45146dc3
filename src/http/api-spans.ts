import { type Context, propagation, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { ROOT, type Scope } from '../core/scope.ts';
import type { HttpSpans } from './port.ts';

/** HTTP spans through the OpenTelemetry API, with whatever engine is registered there. */
export function apiSpans(tracer: Tracer = trace.getTracer('sonde.http')): HttpSpans {
  return {
    extract: (headers) => (headers.traceparent === undefined && headers.baggage === undefined ? ROOT : asScope(propagation.extract(asContext(ROOT), headers))),
    inject(scope, set) {
      propagation.inject(asContext(scope), set, SETTER);
    },
    start(name, kind, parent, attributes) {
      const span = tracer.startSpan(name, { kind, attributes: attributes as never }, asContext(parent));
      return asScope(trace.setSpan(asContext(parent), span));
    },
    end(scope, name, attributes, outcome) {
      const span = trace.getSpan(asContext(scope));
      if (!span) return;
      span.updateName(name);
      span.setAttributes(attributes as never);
      if (outcome.errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

const SETTER = {
  set(carrier: (name: string, value: string) => void, key: string, value: string): void {
    carrier(key, value);
  },
};

// A Scope is an OpenTelemetry Context (core/scope); the API's type only asks for branded keys.
function asContext(scope: Scope): Context {
  return scope as unknown as Context;
}

function asScope(ctx: Context): Scope {
  return ctx as unknown as Scope;
}
