import type { AttributeValue } from '../../core/attributes.ts';
import type { AttributeBag, SpanEventData, SpanLinkData } from '../../core/records.ts';
import { BESIDE, type Beside, RAW_KEY, VALUE_DOUBLE, VALUE_INT32, VALUE_LIST, VALUE_TEXT, VALUE_TRUE } from '../rows.ts';
import type { SpanRows } from './batch-rows.ts';
import { setOwn } from './set-own.ts';

/** Reads the side bytes of a batch, entry by entry: the other end of `SideWriter`. */
export class SideCursor {
  readonly #rows: SpanRows;
  at: number;

  /** `at` counts from the beginning of the batch's side bytes. */
  constructor(rows: SpanRows, at: number) {
    this.#rows = rows;
    this.at = rows.sideStart + at;
  }

  half(): number {
    const { side } = this.#rows;
    const value = (side[this.at] as number) | ((side[this.at + 1] as number) << 8);
    this.at += 2;
    return value;
  }

  word(): number {
    const value = this.#rows.side.readInt32LE(this.at);
    this.at += 4;
    return value;
  }

  double(): number {
    const value = this.#rows.side.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  text(): string {
    const length = this.half();
    if (length === BESIDE) return this.#beside() as string;
    const text = this.#rows.side.toString('utf8', this.at, this.at + length);
    this.at += length;
    return text;
  }

  key(): string {
    const number = this.half();
    return number === RAW_KEY ? this.text() : this.#rows.texts.key(number);
  }

  value(): AttributeValue {
    const type = this.#rows.side[this.at++] as number;
    switch (type) {
      case VALUE_TEXT:
        return this.text();
      case VALUE_INT32:
        return this.word();
      case VALUE_DOUBLE:
        return this.double();
      case VALUE_LIST:
        return this.#beside() as AttributeValue;
      default:
        return type === VALUE_TRUE;
    }
  }

  #beside(): Beside {
    return this.#rows.beside[this.word()] as Beside;
  }

  attributes(): AttributeBag {
    const bag: AttributeBag = {};
    for (let left = this.half(); left > 0; left--) {
      const key = this.key();
      setOwn(bag, key, this.value());
    }
    return bag;
  }

  events(): SpanEventData[] {
    const events: SpanEventData[] = [];
    for (let left = this.half(); left > 0; left--) {
      const timeMs = this.double();
      const name = this.text();
      events.push({ name, timeMs, attributes: this.attributes() });
    }
    return events;
  }

  links(): SpanLinkData[] {
    const links: SpanLinkData[] = [];
    for (let left = this.half(); left > 0; left--) {
      const traceId = this.text();
      const spanId = this.text();
      const flags = this.#rows.side[this.at++] as number;
      const traceState = this.text();
      links.push({ traceId, spanId, ...(traceState === '' ? undefined : { traceState }), flags, attributes: this.attributes() });
    }
    return links;
  }

  // Skipping: where something begins is known only after what stands before it.

  skipText(): void {
    const length = this.half();
    this.at += length === BESIDE ? 4 : length;
  }

  skipKey(): void {
    if (this.half() === RAW_KEY) this.skipText();
  }

  skipValue(): void {
    const type = this.#rows.side[this.at++] as number;
    if (type === VALUE_TEXT) this.skipText();
    else if (type === VALUE_INT32 || type === VALUE_LIST) this.at += 4;
    else if (type === VALUE_DOUBLE) this.at += 8;
  }

  skipAttributes(): void {
    for (let left = this.half(); left > 0; left--) {
      this.skipKey();
      this.skipValue();
    }
  }
}
