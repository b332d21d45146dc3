import type { Attributes, AttributeValue } from '../core/attributes.ts';
import type { EndedSpan } from '../core/ended-span.ts';
import { type Redactor, redactor } from '../core/redact.ts';
import { mayHoldSecret, REDACTED, SUSPECTS, scrub } from '../core/redact-text.ts';
import type { Interner } from './interner.ts';
import {
  BESIDE,
  type Beside,
  HAS_ATTRIBUTES,
  HAS_DROPS,
  HAS_EVENTS,
  HAS_LINKS,
  HAS_STATUS_MESSAGE,
  HAS_TRACE_STATE,
  HAS_VALUES,
  INLINE_CHARS,
  RAW_KEY,
  SIDE,
  SIDE_BYTES,
  VALUE_DOUBLE,
  VALUE_FALSE,
  VALUE_INT32,
  VALUE_LIST,
  VALUE_TEXT,
  VALUE_TRUE,
} from './rows.ts';
import { SECRET, secretBits } from './secret-keys.ts';

/** The side bytes of the batch are full. */
export const NO_ROOM = -1;
/** The span has more text than any receiver takes. */
export const TOO_LARGE = -2;

/** Up to this length a loop over an ASCII text is faster than a call into the encoder. */
const LOOP_CHARS = 64;
const NOT_COPIED = -1;
/** Marks no character: what is copied is no value. */
const NO_STOPS = new Uint8Array(128);
/** What a key and a value need at most where they lie inline, but for the bytes of a text: these are asked for by themselves. */
const ENTRY_BYTES = 16;
/** Keys by position that are remembered: spans of one kind have the same keys in the same order. */
const REMEMBERED_KEYS = 64;

/**
 * Puts what is no number into the side bytes of a batch, in the order of the bits in `rows.ts`:
 *
 * - a text: its length in bytes (16 bits) and its UTF-8 bytes, or {@link BESIDE} and the number (32 bits) of what travels beside;
 * - attributes: their count (16 bits), then for each the number of its key (16 bits; {@link RAW_KEY}: a text follows), the
 *   type of its value (8 bits) and the value;
 * - bound values: where their block begins (32 bits);
 * - events: count (16 bits), then time (double), name, attributes; links: count (16 bits), then trace ID, span ID (texts),
 *   flags (8 bits), trace state, attributes; drops: three counts (32 bits each).
 *
 * It copies characters and calls nothing: a short text costs about two nanoseconds a character. Secrets stay here: the values of
 * keys that name one, and what can be told by its form in a text; what travels beside is searched by the worker.
 */
export class SideWriter {
  readonly #keys: Interner;
  readonly #revise: Redactor;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #lastKeys: (string | undefined)[] = new Array<string | undefined>(REMEMBERED_KEYS).fill(undefined);
  /** The numbers of these keys, with the bits of {@link secretBits}. */
  readonly #lastNumbers = new Int32Array(REMEMBERED_KEYS).fill(-1);
  /** The bits of {@link secretBits} by number of the key, plus one; 0 is not known yet. */
  #secrets = new Int32Array(256);
  #beside: Beside[] = [];
  #start = 0;
  #end = 0;
  #at = 0;
  /** The bound values that were written last in this batch, and where: spans of one scope share them. */
  #values: Attributes | undefined;
  #valuesAt = 0;
  #full = false;
  /** Characters of the span that was written last which travel beside. */
  chars = 0;

  constructor(memory: SharedArrayBuffer, keys: Interner, revise: Redactor = redactor()) {
    this.#keys = keys;
    this.#revise = revise;
    this.#bytes = Buffer.from(memory);
    this.#view = new DataView(memory);
  }

  /** A new batch begins, with its side bytes at `start`. */
  begin(start: number, beside: Beside[]): void {
    this.#start = start;
    this.#at = start;
    this.#end = start + SIDE_BYTES;
    this.#beside = beside;
    this.#values = undefined;
  }

  /**
   * Writes a span's entries and, into its row at `at`, where they begin. Returns the bits that say what there is, or
   * {@link NO_ROOM}, or {@link TOO_LARGE}; then nothing of it is left.
   */
  write(span: EndedSpan, ints: Int32Array, at: number, rawName: boolean, maxChars: number): number {
    const begin = this.#at;
    const besides = this.#beside.length;
    this.chars = 0;
    this.#full = false;
    let has = HAS_ATTRIBUTES;
    if (!rawName && hasAttributesOnly(span)) {
      ints[at + SIDE] = begin - this.#start;
      this.#attributes(span.attrs as Attributes);
    } else has = this.#entries(span, ints, at, rawName);
    if (!this.#full && this.chars <= maxChars) return has;
    this.#at = begin;
    this.#beside.length = besides;
    this.#values = undefined;
    return this.#full ? NO_ROOM : TOO_LARGE;
  }

  #entries(span: EndedSpan, ints: Int32Array, at: number, rawName: boolean): number {
    let has = 0;
    const values = span.values;
    if (values !== undefined && values !== this.#values) {
      this.#values = values;
      this.#valuesAt = this.#at - this.#start;
      this.#attributes(values);
    }
    ints[at + SIDE] = this.#at - this.#start;
    if (rawName) this.#text(span.name);
    if (span.trace.traceState !== undefined) {
      has |= HAS_TRACE_STATE;
      this.#text(span.trace.traceState);
    }
    if (span.statusMessage !== undefined) {
      has |= HAS_STATUS_MESSAGE;
      this.#text(clean(span.statusMessage));
    }
    if (span.attrs !== undefined) {
      has |= HAS_ATTRIBUTES;
      this.#attributes(span.attrs);
    }
    if (values !== undefined) {
      has |= HAS_VALUES;
      this.#word(this.#valuesAt);
    }
    if (span.events !== undefined) has |= this.#events(span.events);
    if (span.links !== undefined) has |= this.#links(span.links);
    if ((span.droppedAttributes | span.droppedEvents | span.droppedLinks) !== 0) {
      has |= HAS_DROPS;
      this.#word(span.droppedAttributes);
      this.#word(span.droppedEvents);
      this.#word(span.droppedLinks);
    }
    return has;
  }

  #events(events: NonNullable<EndedSpan['events']>): number {
    this.#half(events.length);
    for (const event of events) {
      this.#double(event.timeMs);
      this.#text(event.name);
      this.#attributes(event.attributes);
    }
    return HAS_EVENTS;
  }

  #links(links: NonNullable<EndedSpan['links']>): number {
    this.#half(links.length);
    for (const link of links) {
      this.#text(link.traceId);
      this.#text(link.spanId);
      this.#byte(link.flags);
      this.#text(link.traceState ?? '');
      this.#attributes(link.attributes);
    }
    return HAS_LINKS;
  }

  /** The hot part: the usual keys and values are written here, with the position in a local variable. */
  #attributes(attributes: Attributes): void {
    const bytes = this.#bytes;
    const safe = this.#end - ENTRY_BYTES;
    const begin = this.#at;
    let at = begin + 2;
    let count = 0;
    for (const key in attributes) {
      const value = attributes[key];
      if (value === undefined || value === null) continue;
      if (at > safe) {
        this.#full = true;
        return;
      }
      const number = this.#lastKeys[count] === key ? (this.#lastNumbers[count] as number) : this.#number(key, count);
      bytes[at] = number;
      bytes[at + 1] = number >> 8;
      at += 2;
      if ((number & 0xffff) === RAW_KEY) at = this.#textAt(key, at);
      if (number > 0xffff && isSecret(number, value)) {
        bytes[at] = VALUE_TEXT;
        at = this.#textAt(REDACTED, at + 1);
      } else if (typeof value === 'string') {
        bytes[at] = VALUE_TEXT;
        at = this.#valueTextAt(value, at + 1);
      } else if (typeof value === 'number' && (value | 0) === value && (value !== 0 || 1 / value > 0)) {
        bytes[at] = VALUE_INT32;
        bytes[at + 1] = value;
        bytes[at + 2] = value >> 8;
        bytes[at + 3] = value >> 16;
        bytes[at + 4] = value >> 24;
        at += 5;
      } else if (typeof value === 'boolean') bytes[at++] = value ? VALUE_TRUE : VALUE_FALSE;
      else at = this.#valueAt(value, at);
      count++;
    }
    if (at > this.#end) this.#full = true;
    else this.#view.setUint16(begin, count, true);
    this.#at = at;
  }

  /** The number of a key, {@link RAW_KEY} where it has none, with the bits that say whether it names a secret. */
  #number(key: string, position: number): number {
    const number = this.#keys.number(key);
    if (number < 0) return RAW_KEY | secretBits(key, this.#revise);
    const marked = number | this.#bitsOf(number, key);
    if (position < REMEMBERED_KEYS) {
      this.#lastKeys[position] = key;
      this.#lastNumbers[position] = marked;
    }
    return marked;
  }

  #bitsOf(number: number, key: string): number {
    const known = this.#secrets[number] ?? 0;
    if (known !== 0) return known - 1;
    if (number >= this.#secrets.length) {
      const larger = new Int32Array(2 ** Math.ceil(Math.log2(number + 1)));
      larger.set(this.#secrets);
      this.#secrets = larger;
    }
    const bits = secretBits(key, this.#revise);
    this.#secrets[number] = bits + 1;
    return bits;
  }

  /** Writes the text of a value, searched for secrets while it is copied; answers where it ends. */
  #valueTextAt(text: string, at: number): number {
    const end = this.#copyAt(text, at, SUSPECTS);
    return end === NOT_COPIED ? this.#textAt(clean(text), at) : end;
  }

  /** Writes a text at `at`; answers where it ends. */
  #textAt(text: string, at: number): number {
    const end = this.#copyAt(text, at, NO_STOPS);
    if (end !== NOT_COPIED) return end;
    this.#at = at;
    this.#longText(text);
    return this.#at;
  }

  /** Copies a short ASCII text that has none of the characters marked in `stops`; answers where it ends, or {@link NOT_COPIED}. */
  #copyAt(text: string, at: number, stops: Uint8Array): number {
    const length = text.length;
    const to = at + 2;
    if (length > LOOP_CHARS || to + length > this.#end) return NOT_COPIED;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f || stops[code] === 1) return NOT_COPIED;
      bytes[to + i] = code;
    }
    bytes[at] = length;
    bytes[at + 1] = 0;
    return to + length;
  }

  /** A number with a fraction, or what is rare. */
  #valueAt(value: AttributeValue, at: number): number {
    this.#at = at;
    if (typeof value === 'number') {
      this.#byte(VALUE_DOUBLE);
      this.#double(value);
    } else this.#rare(value);
    return this.#at;
  }

  /** A list is copied, because its owner may change it; anything else that should not be here becomes text. */
  #rare(value: AttributeValue): void {
    if (!Array.isArray(value)) {
      this.#byte(VALUE_TEXT);
      this.#text(clean(String(value)));
      return;
    }
    this.#byte(VALUE_LIST);
    this.#word(this.#beside.length);
    this.#beside.push(
      (value as readonly unknown[]).map((item) => {
        if (item === undefined || item === null) return null;
        this.chars += 8;
        if (typeof item === 'number' || typeof item === 'boolean') return item;
        const text = String(item);
        this.chars += text.length;
        return text;
      }),
    );
  }

  #text(text: string): void {
    this.#at = this.#textAt(text, this.#at);
  }

  /** What is long, or no ASCII, or at the end of the room. */
  #longText(text: string): void {
    const length = text.length;
    if (length > INLINE_CHARS) return this.#textBeside(text);
    const at = this.#at + 2;
    if (at + length > this.#end) {
      this.#full = true;
      return;
    }
    this.#utf8(text, at);
  }

  #utf8(text: string, at: number): void {
    // Three bytes a character at most; where they may not fit, the next batch has the room.
    if (at + text.length * 3 > this.#end) {
      this.#full = true;
      return;
    }
    const written = this.#bytes.write(text, at, 'utf8');
    this.#view.setUint16(at - 2, written, true);
    this.#at = at + written;
  }

  #textBeside(text: string): void {
    this.chars += text.length;
    this.#half(BESIDE);
    this.#word(this.#beside.length);
    this.#beside.push(text);
  }

  #byte(value: number): void {
    if (this.#at >= this.#end) this.#full = true;
    else this.#bytes[this.#at++] = value;
  }

  #half(value: number): void {
    if (this.#at + 2 > this.#end) this.#full = true;
    else {
      this.#view.setUint16(this.#at, value, true);
      this.#at += 2;
    }
  }

  #word(value: number): void {
    if (this.#at + 4 > this.#end) this.#full = true;
    else {
      this.#view.setInt32(this.#at, value, true);
      this.#at += 4;
    }
  }

  #double(value: number): void {
    if (this.#at + 8 > this.#end) this.#full = true;
    else {
      this.#view.setFloat64(this.#at, value, true);
      this.#at += 8;
    }
  }
}

/** What most spans have that have anything. */
function hasAttributesOnly(span: EndedSpan): boolean {
  return (
    span.attrs !== undefined &&
    span.values === undefined &&
    span.events === undefined &&
    span.links === undefined &&
    span.statusMessage === undefined &&
    span.trace.traceState === undefined &&
    (span.droppedAttributes | span.droppedEvents | span.droppedLinks) === 0
  );
}

function isSecret(marked: number, value: AttributeValue): boolean {
  return (marked & SECRET) !== 0 || typeof value === 'string' || typeof value === 'object';
}

/** What goes beside is left to the worker. */
function clean(text: string): string {
  return text.length <= INLINE_CHARS && mayHoldSecret(text) ? scrub(text) : text;
}
