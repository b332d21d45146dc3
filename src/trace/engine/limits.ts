import type { AttributeValue } from '../../core/attributes.ts';

/** Bounds of one span; the defaults are OpenTelemetry's. */
export interface SpanLimits {
  readonly attributes: number;
  readonly attributeLength: number;
  readonly events: number;
  readonly links: number;
  readonly attributesPerEvent: number;
  readonly attributesPerLink: number;
}

export const defaultSpanLimits: SpanLimits = {
  attributes: 128,
  attributeLength: Number.POSITIVE_INFINITY,
  events: 128,
  links: 128,
  attributesPerEvent: 128,
  attributesPerLink: 128,
};

/**
 * An attribute value as the span keeps it: texts cut to `length`, arrays copied; `undefined` where OpenTelemetry has
 * no such value (objects, functions, arrays of mixed types).
 */
export function attributeValue(value: unknown, length: number): AttributeValue | undefined {
  switch (typeof value) {
    case 'string':
      return value.length > length ? value.slice(0, length) : value;
    case 'number':
    case 'boolean':
      return value;
    case 'object':
      return Array.isArray(value) ? attributeArray(value, length) : undefined;
    default:
      return undefined;
  }
}

function attributeArray(items: readonly unknown[], length: number): AttributeValue | undefined {
  let type: string | undefined;
  for (const item of items) {
    if (item === null || item === undefined) continue;
    type ??= typeof item;
    if (typeof item !== type || (type !== 'string' && type !== 'number' && type !== 'boolean')) return undefined;
  }
  if (type !== 'string') return items.slice() as number[];
  return (items as (string | null | undefined)[]).map((item) => (typeof item === 'string' && item.length > length ? item.slice(0, length) : item));
}
