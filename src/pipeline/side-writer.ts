import type { Attributes, AttributeValue } from '../core/attributes.ts';
import type { EndedSpan } from '../core/ended-span.ts';
import type { Interner } from './interner.ts';
import { HAS_ATTRIBUTES, HAS_DROPS, HAS_EVENTS, HAS_LINKS, HAS_STATUS_MESSAGE, HAS_TRACE_STATE, HAS_VALUES, SIDE, type SideEntry } from './rows.ts';

/** Puts what is no number in a batch's side array, in the order of the bits in `rows.ts`. */
export class SideWriter {
  readonly #texts: Interner;
  #side: SideEntry[] = [];
  /** The bound values that were written last in this batch, and where: spans of one scope share them. */
  #values: Attributes | undefined;
  #valuesAt = 0;
  /** Characters of the span that was written last. */
  chars = 0;

  constructor(texts: Interner) {
    this.#texts = texts;
  }

  /** A new batch begins. */
  begin(side: SideEntry[]): void {
    this.#side = side;
    this.#values = undefined;
  }

  /** Takes the last span back, up to where it began. */
  takeBack(begin: number): void {
    this.#side.length = begin;
    this.#values = undefined;
  }

  /** Writes a span's entries and, into its row at `at`, where they begin. Returns the bits that say what there is. */
  write(span: EndedSpan, ints: Int32Array, at: number, rawName: boolean): number {
    const side = this.#side;
    let has = 0;
    this.chars = 0;
    const values = span.values;
    if (values !== undefined && values !== this.#values) {
      this.#values = values;
      this.#valuesAt = side.length;
      this.#attributes(values);
    }
    ints[at + SIDE] = side.length;
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
      side.push(this.#valuesAt);
    }
    if (span.events !== undefined) has |= this.#events(span.events);
    if (span.links !== undefined) has |= this.#links(span.links);
    if ((span.droppedAttributes | span.droppedEvents | span.droppedLinks) !== 0) {
      has |= HAS_DROPS;
      side.push(span.droppedAttributes, span.droppedEvents, span.droppedLinks);
    }
    return has;
  }

  #events(events: NonNullable<EndedSpan['events']>): number {
    this.#side.push(events.length);
    for (const event of events) {
      this.#side.push(event.timeMs);
      this.#text(event.name);
      this.#attributes(event.attributes);
    }
    return HAS_EVENTS;
  }

  #links(links: NonNullable<EndedSpan['links']>): number {
    this.#side.push(links.length);
    for (const link of links) {
      this.#text(link.traceId);
      this.#text(link.spanId);
      this.#side.push(link.flags);
      this.#text(link.traceState ?? '');
      this.#attributes(link.attributes);
    }
    return HAS_LINKS;
  }

  /** `[count, key, value, ...]`; a key is its number in the dictionary, or itself. */
  #attributes(attributes: Attributes): void {
    const side = this.#side;
    const at = side.push(0) - 1;
    let count = 0;
    for (const key in attributes) {
      const value = attributes[key];
      if (value === undefined || value === null) continue;
      const number = this.#texts.number(key);
      if (number < 0) this.#text(key);
      else side.push(number);
      if (typeof value === 'string') this.#text(value);
      else if (typeof value === 'number' || typeof value === 'boolean') side.push(value);
      else this.#rare(value);
      count++;
    }
    side[at] = count;
  }

  #text(value: string): void {
    this.#side.push(value);
    this.chars += value.length;
  }

  /** A list is copied, because its owner may change it; anything else that should not be here becomes text. */
  #rare(value: AttributeValue): void {
    if (!Array.isArray(value)) return this.#text(String(value));
    this.#side.push(
      (value as readonly unknown[]).map((item) => {
        if (item === undefined || item === null) return null;
        if (typeof item === 'number' || typeof item === 'boolean') return item;
        const text = String(item);
        this.chars += text.length;
        return text;
      }),
    );
  }
}
