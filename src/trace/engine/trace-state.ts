import type { TraceState } from '@opentelemetry/api';

// W3C Trace Context level 2, section 3.3.1.3: the grammar of a list member. (Level 1 had a grammar of its own around the `@`.)
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const MAX_MEMBERS = 32; // section 3.3.1.1
/** A header that is longer is refused: 32 members of 256 + 1 + 256 characters and their commas, with white space. */
const MAX_TEXT = 32_768;

/** The vendor part of a trace context; immutable. */
export class W3CTraceState implements TraceState {
  readonly #members: ReadonlyMap<string, string>;

  constructor(members: ReadonlyMap<string, string>) {
    this.#members = members;
  }

  get(key: string): string | undefined {
    return this.#members.get(key);
  }

  /** A state with the member in front; this one where the key or the value breaks the grammar. */
  set(key: string, value: string): W3CTraceState {
    if (!KEY.test(key) || !VALUE.test(value)) return this;
    const members = new Map([[key, value]]);
    for (const [k, v] of this.#members) if (k !== key && members.size < MAX_MEMBERS) members.set(k, v);
    return new W3CTraceState(members);
  }

  unset(key: string): W3CTraceState {
    if (!this.#members.has(key)) return this;
    const members = new Map(this.#members);
    members.delete(key);
    return new W3CTraceState(members);
  }

  serialize(): string {
    return Array.from(this.#members, ([key, value]) => `${key}=${value}`).join(',');
  }
}

/**
 * Reads `tracestate`; `undefined` where the list breaks the grammar in any member (the whole list is then dropped, as
 * the recommendation demands) or is empty. Of a key that is there twice, the member in front is the later one, and stays.
 */
export function parseTraceState(text: string): W3CTraceState | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const members = new Map<string, string>();
  let count = 0;
  for (const part of text.split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '');
    if (member === '') continue; // empty members are allowed
    const equals = member.indexOf('=');
    const key = member.slice(0, equals);
    const value = member.slice(equals + 1);
    if (equals < 1 || !KEY.test(key) || !VALUE.test(value)) return undefined;
    if (++count > MAX_MEMBERS) return undefined;
    if (!members.has(key)) members.set(key, value);
  }
  return members.size === 0 ? undefined : new W3CTraceState(members);
}
