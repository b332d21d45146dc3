import type { Attributes, AttributeValue } from './attributes.ts';
import type { Redactor } from './redact.ts';
import { scrub } from './redact-text.ts';

/** Attributes without their secrets: what a key names, and what can be told by its form in texts and lists of texts. */
export function redactAttributes(attributes: Attributes, revise: Redactor): Record<string, AttributeValue> {
  const clean: Record<string, AttributeValue> = {};
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (value !== undefined) clean[key] = revised(key, value, revise);
  }
  return clean;
}

function revised(key: string, value: AttributeValue, revise: Redactor): AttributeValue {
  const whole = revise(key, value, [key]) as AttributeValue;
  return Array.isArray(whole) ? (whole.map((item: unknown) => (typeof item === 'string' ? scrub(item) : item)) as AttributeValue) : whole;
}
