import type { Baggage, Context, TextMapGetter, TextMapPropagator, TextMapSetter } from '@opentelemetry/api';
import { type Scope, SPAN_KEY, type SpanLike } from '../core/scope.ts';
import { BAGGAGE_KEY, formatBaggage, parseBaggage } from './baggage.ts';
import { contextOf, scopeOf } from './engine/context.ts';
import { isValidContext, RANDOM, SAMPLED } from './engine/identity.ts';
import { InertSpan } from './engine/inert-span.ts';
import { parseTraceState, type W3CTraceState } from './engine/trace-state.ts';
import { SUPPRESS_KEY } from './engine/tracer.ts';

/** What a `traceparent` says. */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

const TRACEPARENT = /^([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const MAX_TRACEPARENT = 512; // later versions may add parts; a header longer than this is none

/** Reads a `traceparent` by W3C Trace Context level 2; `undefined` where it breaks the grammar. */
export function parseTraceparent(text: string): TraceParent | undefined {
  if (text.length > MAX_TRACEPARENT) return undefined;
  const match = TRACEPARENT.exec(text.replace(/^[ \t]+|[ \t]+$/g, ''));
  if (!match) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  // Bits that level 2 does not know are cleared, as the recommendation asks of whoever passes a context on.
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & (SAMPLED | RANDOM) };
}

/** Writes a `traceparent`. */
export function formatTraceparent({ traceId, spanId, traceFlags }: TraceParent): string {
  return `00-${traceId}-${spanId}-0${(traceFlags & (SAMPLED | RANDOM)).toString(16)}`;
}

/** W3C trace context. */
export class TraceContextPropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = context.getValue(SPAN_KEY) as SpanLike | undefined;
    if (span === undefined || context.getValue(SUPPRESS_KEY) === true) return;
    const spanContext = span.spanContext() as TraceParent & { traceState?: { serialize(): string } };
    if (!isValidContext(spanContext)) return;
    setter.set(carrier, 'traceparent', formatTraceparent(spanContext));
    const state = spanContext.traceState?.serialize();
    if (state) setter.set(carrier, 'tracestate', state);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = getter.get(carrier, 'traceparent');
    const text = Array.isArray(header) ? (header.length === 1 ? header[0] : undefined) : header;
    const parent = typeof text === 'string' ? parseTraceparent(text) : undefined;
    if (parent === undefined) return context;
    const traceState = stateOf(getter.get(carrier, 'tracestate'));
    const span = new InertSpan(traceState === undefined ? { ...parent, isRemote: true } : { ...parent, isRemote: true, traceState });
    return contextOf(scopeOf(context).setValue(SPAN_KEY, span));
  }

  fields(): string[] {
    return ['traceparent', 'tracestate'];
  }
}

function stateOf(header: string | string[] | undefined): W3CTraceState | undefined {
  const text = Array.isArray(header) ? header.join(',') : header;
  return typeof text === 'string' ? parseTraceState(text) : undefined;
}

/** W3C baggage. */
export class BaggagePropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const baggage = context.getValue(BAGGAGE_KEY) as Baggage | undefined;
    if (baggage === undefined || context.getValue(SUPPRESS_KEY) === true) return;
    const header = formatBaggage(baggage);
    if (header !== undefined) setter.set(carrier, 'baggage', header);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = getter.get(carrier, 'baggage');
    const text = Array.isArray(header) ? header.join(',') : header;
    const baggage = typeof text === 'string' ? parseBaggage(text) : undefined;
    return baggage === undefined ? context : contextOf(scopeOf(context).setValue(BAGGAGE_KEY, baggage));
  }

  fields(): string[] {
    return ['baggage'];
  }
}

/** A propagator by the name that `OTEL_PROPAGATORS` knows. */
export type PropagatorName = 'tracecontext' | 'baggage';
export const PROPAGATOR_NAMES: readonly PropagatorName[] = ['tracecontext', 'baggage'];

/** Joins propagators; both by default. */
export function createPropagator(names: readonly PropagatorName[] = PROPAGATOR_NAMES): TextMapPropagator {
  const parts = names.map((name) => (name === 'baggage' ? new BaggagePropagator() : new TraceContextPropagator()));
  return {
    inject(context, carrier, setter) {
      for (const part of parts) part.inject(context, carrier, setter);
    },
    extract: (context, carrier, getter) => parts.reduce((inner, part) => part.extract(inner, carrier, getter), context),
    fields: () => parts.flatMap((part) => part.fields()),
  };
}

/** The scope that trace headers describe, below `parent`. Header names in lower case, as Node gives them. */
export function extractScope(
  parent: Scope,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  propagator: TextMapPropagator = createPropagator(),
): Scope {
  return scopeOf(propagator.extract(contextOf(parent), headers, HEADERS));
}

const HEADERS: TextMapGetter<Readonly<Record<string, string | string[] | undefined>>> = {
  get: (headers, key) => headers[key],
  keys: (headers) => Object.keys(headers),
};
