import type { Attributes } from '../core/attributes.ts';
import { isObject } from './identity.ts';

const notes = new WeakMap<object, Attributes>();

/** Adds attributes to every record that is written of this error from now on, also of one that it caused. Thrown texts and numbers take none. */
export function noteOn(error: unknown, attributes: Attributes): void {
  if (isObject(error)) notes.set(error, attributes);
}

/** What was noted on an error. */
export function notesOn(error: unknown): Attributes | undefined {
  return isObject(error) ? notes.get(error) : undefined;
}
