import type { AttributeBag, SpanData, SpanEventData, SpanLinkData } from '../../core/records.ts';
import type { AttributeValue } from '../../core/attributes.ts';
import { setOwn } from './set-own.ts';
import {
  HAS_ATTRIBUTES, HAS_DROPS, HAS_EVENTS, HAS_LINKS, HAS_STATUS_MESSAGE, HAS_TRACE_STATE, HAS_VALUES, KIND_SHIFT, LIBRARY, META, NAME, ROW_WORDS, SIDE,
  type SideEntry, STATUS_SHIFT,
} from '../rows.ts';
import type { Texts } from './texts.ts';

/** The rows of one batch, as the worker sees them. */
export interface SpanRows {
  readonly ints: Int32Array;
  readonly doubles: Float64Array;
  /** First row of the batch in the shared memory, and how many there are. */
  readonly first: number;
  readonly count: number;
  readonly epochMs: number;
  readonly side: readonly SideEntry[];
  readonly texts: Texts;
}

/** The spans of some rows, from `from` up to `to` (not included), in the form that the store and the JSON encoder take. */
export function materialiseSpans(rows: SpanRows, from = 0, to: number = rows.count): SpanData[] {
  const spans: SpanData[] = [];
  for (let row = from; row < to; row++) spans.push(materialiseSpan(rows, row));
  return spans;
}

function materialiseSpan(rows: SpanRows, row: number): SpanData {
  const at = (rows.first + row) * ROW_WORDS;
  const { ints, doubles, texts } = rows;
  const meta = ints[at + META] as number;
  const cursor = new SideCursor(rows, ints[at + SIDE] as number);
  const nameNumber = ints[at + NAME] as number;
  const library = texts.libraries[ints[at + LIBRARY] as number] ?? { name: 'sonde', version: undefined };
  const name = nameNumber < 0 ? String(cursor.next()) : texts.text(nameNumber);
  const traceState = meta & HAS_TRACE_STATE ? String(cursor.next()) : undefined;
  const statusMessage = meta & HAS_STATUS_MESSAGE ? String(cursor.next()) : undefined;
  const own = meta & HAS_ATTRIBUTES ? cursor.attributes() : undefined;
  const attributes = meta & HAS_VALUES ? withOwn(new SideCursor(rows, cursor.next() as number).attributes(), own) : (own ?? {});
  const events = meta & HAS_EVENTS ? cursor.events() : [];
  const links = meta & HAS_LINKS ? cursor.links() : [];
  const drops = meta & HAS_DROPS ? [cursor.next(), cursor.next(), cursor.next()] : [0, 0, 0];
  const startMono = doubles[at >> 1] as number;
  const parent = hex32(ints[at + 10] as number) + hex32(ints[at + 11] as number);
  return {
    traceId: hex32(ints[at + 4] as number) + hex32(ints[at + 5] as number) + hex32(ints[at + 6] as number) + hex32(ints[at + 7] as number),
    spanId: hex32(ints[at + 8] as number) + hex32(ints[at + 9] as number),
    parentSpanId: parent === '0000000000000000' ? undefined : parent,
    traceState,
    flags: meta & 0xff,
    name,
    kind: (meta >> KIND_SHIFT) & 7,
    startMs: rows.epochMs + startMono,
    durationMs: Math.max(0, (doubles[(at >> 1) + 1] as number) - startMono),
    status: { code: ((meta >> STATUS_SHIFT) & 3) as 0 | 1 | 2, ...(statusMessage === undefined ? undefined : { message: statusMessage }) },
    attributes,
    events,
    links,
    scope: library,
    droppedAttributes: Number(drops[0]),
    droppedEvents: Number(drops[1]),
    droppedLinks: Number(drops[2]),
  };
}

function withOwn(values: AttributeBag, own: AttributeBag | undefined): AttributeBag {
  if (own !== undefined) for (const key of Object.keys(own)) setOwn(values, key, own[key]);
  return values;
}

/** Reads the side array entry by entry. */
export class SideCursor {
  readonly #side: readonly SideEntry[];
  readonly #texts: Texts;
  at: number;

  constructor(rows: SpanRows, at: number) {
    this.#side = rows.side;
    this.#texts = rows.texts;
    this.at = at;
  }

  next(): SideEntry {
    return this.#side[this.at++] as SideEntry;
  }

  attributes(): AttributeBag {
    const bag: AttributeBag = {};
    const count = this.next() as number;
    for (let i = 0; i < count; i++) {
      const key = this.#texts.text(this.next());
      setOwn(bag, key, this.next() as AttributeValue);
    }
    return bag;
  }

  events(): SpanEventData[] {
    const events: SpanEventData[] = [];
    const count = this.next() as number;
    for (let i = 0; i < count; i++) {
      const timeMs = this.next() as number;
      const name = String(this.next());
      events.push({ name, timeMs, attributes: this.attributes() });
    }
    return events;
  }

  links(): SpanLinkData[] {
    const links: SpanLinkData[] = [];
    const count = this.next() as number;
    for (let i = 0; i < count; i++) {
      const traceId = String(this.next());
      const spanId = String(this.next());
      const flags = this.next() as number;
      const traceState = String(this.next());
      links.push({ traceId, spanId, ...(traceState === '' ? undefined : { traceState }), flags, attributes: this.attributes() });
    }
    return links;
  }
}

const HEX16: readonly string[] = Array.from({ length: 65_536 }, (_, i) => i.toString(16).padStart(4, '0'));

/** Eight hex digits of a 32-bit integer, by table: two look-ups. */
export function hex32(value: number): string {
  return (HEX16[value >>> 16] as string) + (HEX16[value & 0xffff] as string);
}
