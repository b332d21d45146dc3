import type { Attributes } from '../core/attributes.ts';
import type { AttributeBag } from '../core/records.ts';
import { ROOT, type Scope, type SpanLike } from '../core/scope.ts';
import type { HttpSpans } from '../http/port.ts';
import { spanFailed } from '../logs/retro.ts';
import { SAMPLED } from '../trace/engine/identity.ts';
import type { CallScope, Engine } from '../trace/engine/port.ts';
import { NativeSpan } from '../trace/engine/span.ts';

/** Reads and writes trace headers. */
export interface Propagation {
  extract(headers: Readonly<Record<string, string | string[] | undefined>>): Scope;
  inject(scope: Scope, set: (name: string, value: string) => void): void;
}

/** What every span of OpenTelemetry has and {@link Scope}'s short view of it does not name. */
interface Renamable {
  updateName?(name: string): unknown;
}

/** Joins the HTTP layer with the tracing engine. */
export function httpSpans(engine: Engine, propagation: Propagation): HttpSpans {
  return {
    extract: (headers) => (headers.traceparent === undefined && headers.baggage === undefined ? ROOT : propagation.extract(headers)),
    inject: propagation.inject,
    start: (name, kind, parent, attributes) => engine.open(parent, undefined, name, kind, attributes),
    end(scope, name, attributes, outcome, endMono, shared) {
      const { span } = scope;
      if (shared !== undefined && span instanceof NativeSpan && outcome.errorType === undefined && isBare(span)) {
        endShared(span, name, attributes, shared, endMono);
        return;
      }
      if (span?.isRecording()) {
        setAttributes(span, shared === undefined ? attributes : { ...shared, ...attributes });
        (span as Renamable).updateName?.(name);
        if (outcome.errorType !== undefined) span.setStatus({ code: 2 });
      }
      if (outcome.errorType !== undefined) spanFailed(span);
      (scope as CallScope).finish(endMono);
    },
  };
}

/** A sampled span to which nobody has added anything: it is handed over when it ends, and held back by nobody. */
function isBare({ attrs, values, flags, hasEnded }: NativeSpan): boolean {
  return attrs === undefined && values === undefined && (flags & SAMPLED) !== 0 && !hasEnded;
}

/**
 * Ends a span whose shared attributes go the way of bound values, which are written once for all spans that follow each
 * other with the same ones. They are its values for this moment only: what the request leaves behind inherits none.
 */
function endShared(span: NativeSpan, name: string, attributes: AttributeBag, shared: Attributes, endMono: number): void {
  span.name = name;
  span.attrs = attributes;
  span.values = shared;
  span.finish(endMono);
  span.values = undefined;
}

/** Hands a whole set over where our own span has none yet: it was made for this span, with bounded values. */
function setAttributes(span: SpanLike, attributes: AttributeBag): void {
  if (span instanceof NativeSpan && span.attrs === undefined) {
    span.attrs = attributes;
    span.attrCount = Object.keys(attributes).length;
  } else span.setAttributes(attributes);
}
