import type { Attributes, AttributeValue } from '../core/attributes.ts';
import type { EndedSpan } from '../core/ended-span.ts';
import type { Interner } from './interner.ts';
import {
  BESIDE, type Beside, HAS_ATTRIBUTES, HAS_DROPS, HAS_EVENTS, HAS_LINKS, HAS_STATUS_MESSAGE, HAS_TRACE_STATE, HAS_VALUES, INLINE_CHARS, RAW_KEY,
  SIDE, SIDE_BYTES, VALUE_DOUBLE, VALUE_FALSE, VALUE_INT32, VALUE_LIST, VALUE_TEXT, VALUE_TRUE,
} from './rows.ts';

/** The side bytes of the batch are full. */
export const NO_ROOM = -1;
/** The span has more text than any receiver takes. */
export const TOO_LARGE = -2;

/** Up to this length a loop over an ASCII text is faster than a call into the encoder. */
const LOOP_CHARS = 64;
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
 * It copies characters and calls nothing: a short text costs about a nanosecond a character.
 */
export class SideWriter {
  readonly #keys: Interner;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #lastKeys: (string | undefined)[] = new Array<string | undefined>(REMEMBERED_KEYS).fill(undefined);
  readonly #lastNumbers = new Int32Array(REMEMBERED_KEYS).fill(-1);
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

  constructor(memory: SharedArrayBuffer, keys: Interner) {
    this.#keys = keys;
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
    const has = this.#entries(span, ints, at, rawName);
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
      this.#text(span.statusMessage);
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

  #attributes(attributes: Attributes): void {
    const at = this.#at;
    let count = 0;
    this.#half(0);
    for (const key in attributes) {
      const value = attributes[key];
      if (value === undefined || value === null) continue;
      this.#key(key, count);
      this.#value(value);
      count++;
    }
    if (!this.#full) this.#view.setUint16(at, count, true);
  }

  #key(key: string, position: number): void {
    if (position < REMEMBERED_KEYS && this.#lastKeys[position] === key) return this.#half(this.#lastNumbers[position] as number);
    const number = this.#keys.number(key);
    if (number < 0) {
      this.#half(RAW_KEY);
      this.#text(key);
      return;
    }
    if (position < REMEMBERED_KEYS) {
      this.#lastKeys[position] = key;
      this.#lastNumbers[position] = number;
    }
    this.#half(number);
  }

  #value(value: AttributeValue): void {
    if (typeof value === 'string') {
      this.#byte(VALUE_TEXT);
      this.#text(value);
    } else if (typeof value === 'number') {
      if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
        this.#byte(VALUE_INT32);
        this.#word(value);
      } else {
        this.#byte(VALUE_DOUBLE);
        this.#double(value);
      }
    } else if (typeof value === 'boolean') this.#byte(value ? VALUE_TRUE : VALUE_FALSE);
    else this.#rare(value);
  }

  /** A list is copied, because its owner may change it; anything else that should not be here becomes text. */
  #rare(value: AttributeValue): void {
    if (!Array.isArray(value)) {
      this.#byte(VALUE_TEXT);
      this.#text(String(value));
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
    const length = text.length;
    if (length > INLINE_CHARS) return this.#textBeside(text);
    const at = this.#at + 2;
    if (at + length > this.#end) {
      this.#full = true;
      return;
    }
    if (length > LOOP_CHARS) return this.#utf8(text, at);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return this.#utf8(text, at);
      bytes[at + i] = code;
    }
    this.#view.setUint16(at - 2, length, true);
    this.#at = at + length;
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
