import type { AttributeBag } from '../core/records.ts';
import { ROOT, type Scope, type SpanLike } from '../core/scope.ts';
import type { HttpSpans } from '../http/port.ts';
import { spanFailed } from '../logs/retro.ts';
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
    end(scope, name, attributes, outcome, endMono) {
      const { span } = scope;
      if (span?.isRecording()) {
        (span as Renamable).updateName?.(name);
        setAttributes(span, attributes);
        if (outcome.errorType !== undefined) span.setStatus({ code: 2 });
      }
      if (outcome.errorType !== undefined) spanFailed(span);
      engine.close(scope as CallScope, endMono);
    },
  };
}

/** Hands a whole set over where our own span has none yet: it was made for this span, with bounded values. */
function setAttributes(span: SpanLike, attributes: AttributeBag): void {
  if (span instanceof NativeSpan && span.attrs === undefined) {
    span.attrs = attributes;
    span.attrCount = Object.keys(attributes).length;
  } else span.setAttributes(attributes);
}
