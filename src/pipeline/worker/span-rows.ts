import type { AttributeBag, SpanData } from '../../core/records.ts';
import {
  HAS_ATTRIBUTES,
  HAS_DROPS,
  HAS_EVENTS,
  HAS_LINKS,
  HAS_STATUS_MESSAGE,
  HAS_TRACE_STATE,
  HAS_VALUES,
  KIND_SHIFT,
  LIBRARY,
  META,
  NAME,
  ROW_WORDS,
  SIDE,
  STATUS_SHIFT,
} from '../rows.ts';
import type { SpanRows } from './batch-rows.ts';
import { setOwn } from './set-own.ts';
import { SideCursor } from './side-cursor.ts';

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
  const name = nameNumber < 0 ? cursor.text() : texts.name(nameNumber);
  const traceState = meta & HAS_TRACE_STATE ? cursor.text() : undefined;
  const statusMessage = meta & HAS_STATUS_MESSAGE ? cursor.text() : undefined;
  const own = meta & HAS_ATTRIBUTES ? cursor.attributes() : undefined;
  const attributes = meta & HAS_VALUES ? withOwn(new SideCursor(rows, cursor.word()).attributes(), own) : (own ?? {});
  const events = meta & HAS_EVENTS ? cursor.events() : [];
  const links = meta & HAS_LINKS ? cursor.links() : [];
  const dropped = (): number => (meta & HAS_DROPS ? cursor.word() : 0);
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
    droppedAttributes: dropped(),
    droppedEvents: dropped(),
    droppedLinks: dropped(),
  };
}

function withOwn(values: AttributeBag, own: AttributeBag | undefined): AttributeBag {
  if (own !== undefined) for (const key of Object.keys(own)) setOwn(values, key, own[key]);
  return values;
}

const HEX16: readonly string[] = Array.from({ length: 65_536 }, (_, i) => i.toString(16).padStart(4, '0'));

/** Eight hex digits of a 32-bit integer, by table: two look-ups. */
export function hex32(value: number): string {
  return (HEX16[value >>> 16] as string) + (HEX16[value & 0xffff] as string);
}
