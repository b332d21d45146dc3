import type { Attributes } from '../core/attributes.ts';
import type { SpanLike } from '../core/scope.ts';
import { fieldsText } from './fields.ts';

// A call usually logs several lines in one scope: the text of the last one is kept.
let lastSpan: SpanLike | undefined;
let lastSpanText = '';
let lastValues: Attributes | undefined;
let lastValuesText = '';

/** `,"trace_id":…,"span_id":…,"trace_flags":…` of a span, or nothing. */
export function spanText(span: SpanLike | undefined): string {
  if (span === undefined) return '';
  if (span === lastSpan) return lastSpanText;
  const { traceId, spanId, traceFlags } = span.spanContext();
  lastSpanText = `,"trace_id":"${traceId}","span_id":"${spanId}","trace_flags":${traceFlags}`;
  lastSpan = span;
  return lastSpanText;
}

/** `,"key":value` for each bound value. */
export function valuesText(values: Attributes): string {
  if (values === lastValues) return lastValuesText;
  lastValuesText = fieldsText(values);
  lastValues = values;
  return lastValuesText;
}

/** Forgets the kept texts: redaction has changed. */
export function forgetContext(): void {
  lastSpan = undefined;
  lastValues = undefined;
}
