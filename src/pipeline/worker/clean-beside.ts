import { scrub } from '../../core/redact-text.ts';
import type { Beside } from '../rows.ts';

/** Long texts and lists without the secrets that can be told by their form: too much to read on the app thread. */
export function cleanBeside(beside: readonly Beside[]): readonly Beside[] {
  return beside.map((item) => (typeof item === 'string' ? scrub(item) : item.map((one) => (typeof one === 'string' ? scrub(one) : one))));
}
