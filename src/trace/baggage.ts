import type { Baggage, BaggageEntry } from '@opentelemetry/api';

/** OpenTelemetry's context key of the baggage; API versions agree on it by `Symbol.for`. */
export const BAGGAGE_KEY = Symbol.for('OpenTelemetry Baggage Key');

// W3C Baggage, section 3.3.2: platforms must carry 64 members and 8,192 bytes; more is cut off.
const MAX_MEMBERS = 64;
const MAX_TEXT = 8_192;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Name-value pairs that travel with a request; immutable. */
export class W3CBaggage implements Baggage {
  readonly #entries: ReadonlyMap<string, BaggageEntry>;

  constructor(entries: ReadonlyMap<string, BaggageEntry> = new Map()) {
    this.#entries = entries;
  }

  getEntry(key: string): BaggageEntry | undefined {
    const entry = this.#entries.get(key);
    return entry && { ...entry };
  }

  getAllEntries(): [string, BaggageEntry][] {
    return Array.from(this.#entries, ([key, entry]) => [key, { ...entry }]);
  }

  setEntry(key: string, entry: BaggageEntry): W3CBaggage {
    return new W3CBaggage(new Map(this.#entries).set(key, entry));
  }

  removeEntry(key: string): W3CBaggage {
    return this.removeEntries(key);
  }

  removeEntries(...keys: string[]): W3CBaggage {
    const entries = new Map(this.#entries);
    for (const key of keys) entries.delete(key);
    return new W3CBaggage(entries);
  }

  clear(): W3CBaggage {
    return new W3CBaggage();
  }
}

/** Reads a `baggage` header; members that break the grammar are left out. `undefined` where none is left. */
export function parseBaggage(text: string): W3CBaggage | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const entries = new Map<string, BaggageEntry>();
  for (const member of text.split(',')) {
    const [pair = '', ...properties] = member.split(';');
    const equals = pair.indexOf('=');
    const key = pair.slice(0, equals).trim();
    if (equals < 1 || !TOKEN.test(key)) continue;
    const value = decoded(pair.slice(equals + 1).trim());
    if (value === undefined) continue;
    const metadata = properties.join(';').trim();
    entries.set(decoded(key) ?? key, metadata === '' ? { value } : { value, metadata: metadataOf(metadata) });
    if (entries.size === MAX_MEMBERS) break;
  }
  return entries.size === 0 ? undefined : new W3CBaggage(entries);
}

/** A baggage as header; `undefined` where it is empty. Members that would pass the bounds are left out. */
export function formatBaggage(baggage: Baggage): string | undefined {
  const members: string[] = [];
  let size = 0;
  for (const [key, { value, metadata }] of baggage.getAllEntries()) {
    const member = `${encodeURIComponent(key)}=${encodeURIComponent(value)}${metadata === undefined ? '' : `;${metadata.toString()}`}`;
    if (key === '' || /[^\x20-\x7e]/.test(member) || size + member.length + 1 > MAX_TEXT || members.length === MAX_MEMBERS) continue;
    size += member.length + 1;
    members.push(member);
  }
  return members.length === 0 ? undefined : members.join(',');
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function metadataOf(text: string): NonNullable<BaggageEntry['metadata']> {
  return { toString: () => text } as NonNullable<BaggageEntry['metadata']>;
}
