import type { Redactor } from '../core/redact.ts';
import { REDACTED } from '../core/redact-text.ts';

// Bits above a key's 16-bit number. With either one a text or a list is a secret; with `SECRET` a number and a flag too.
const SECRET_TEXT = 1 << 16;
export const SECRET: number = 1 << 17;

/** What the name of an attribute says of its value, as bits; to be asked once for a key, not once for a span. */
export function secretBits(key: string, revise: Redactor): number {
  if (revise(key, 1, [key]) === REDACTED) return SECRET;
  return revise(key, 'text', [key]) === REDACTED ? SECRET_TEXT : 0;
}
