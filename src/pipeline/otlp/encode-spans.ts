import type { Attributes } from '../../core/attributes.ts';
import {
  BESIDE,
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
  RAW_KEY,
  ROW_WORDS,
  SIDE,
  STATUS_SHIFT,
  VALUE_FALSE,
  VALUE_INT32,
  VALUE_LIST,
  VALUE_TEXT,
  VALUE_TRUE,
} from '../rows.ts';
import type { SpanRows } from '../worker/batch-rows.ts';
import { SideCursor } from '../worker/side-cursor.ts';
import { writeValueField } from './any-value.ts';
import { closeResource, closeScope } from './envelope.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** Encodes rows straight to an ExportTraceServiceRequest: nothing is allocated for a span. */
export function encodeSpans(out: ProtoWriter, rows: SpanRows, resource: Attributes, from = 0, to: number = rows.count): Buffer {
  out.reset();
  for (const library of librariesOf(rows, from, to)) {
    const scope = out.mark;
    for (let row = to - 1; row >= from; row--) {
      const at = (rows.first + row) * ROW_WORDS;
      if (rows.ints[at + LIBRARY] === library) writeSpan(out, rows, at);
    }
    const { name, version } = rows.texts.libraries[library] ?? { name: 'sonde', version: undefined };
    closeScope(out, scope, name, version);
  }
  closeResource(out, 0, resource);
  return out.take();
}

function librariesOf(rows: SpanRows, from: number, to: number): Set<number> {
  const found = new Set<number>();
  for (let row = from; row < to; row++) found.add(rows.ints[(rows.first + row) * ROW_WORDS + LIBRARY] as number);
  return found;
}

/** One span with the tag of ScopeSpans.spans in front; its fields last to first, as in trace.proto. */
function writeSpan(out: ProtoWriter, rows: SpanRows, at: number): void {
  const { ints, doubles, texts } = rows;
  const meta = ints[at + META] as number;
  const name = ints[at + NAME] as number;
  const span = out.mark;
  out.fixed32(meta & 0xff);
  out.byte(0x01); // field 16: the only tag of two bytes
  out.byte(0x85);
  let nameAt = -1;
  let traceStateAt = -1;
  if (name < 0 || meta >= HAS_ATTRIBUTES) {
    const cursor = new SideCursor(rows, ints[at + SIDE] as number);
    if (name < 0) nameAt = skipText(cursor);
    if (meta & HAS_TRACE_STATE) traceStateAt = skipText(cursor);
    writeStatus(out, rows, (meta >> STATUS_SHIFT) & 3, meta & HAS_STATUS_MESSAGE ? skipText(cursor) : -1);
    writeSide(out, rows, meta, cursor);
  } else {
    writeStatus(out, rows, (meta >> STATUS_SHIFT) & 3, -1);
  }
  const startMs = rows.epochMs + (doubles[at >> 1] as number);
  const durationMs = (doubles[(at >> 1) + 1] as number) - (doubles[at >> 1] as number);
  out.unixNano(startMs, durationMs > 0 ? Math.round(durationMs * 1e6) : 0);
  out.byte(0x41);
  out.unixNano(startMs);
  out.byte(0x39);
  out.byte(((meta >> KIND_SHIFT) & 7) + 1); // the API counts from "internal", the wire from "unspecified"
  out.byte(0x30);
  if (name < 0) writeSideText(out, rows, nameAt);
  else out.bytes(texts.encodedName(name));
  out.byte(0x2a);
  if ((ints[at + 10] as number) !== 0 || (ints[at + 11] as number) !== 0) {
    out.id32(ints[at + 11] as number);
    out.id32(ints[at + 10] as number);
    out.byte(8);
    out.byte(0x22);
  }
  if (traceStateAt >= 0) {
    writeSideText(out, rows, traceStateAt);
    out.byte(0x1a);
  }
  out.id32(ints[at + 9] as number);
  out.id32(ints[at + 8] as number);
  out.byte(8);
  out.byte(0x12);
  out.id32(ints[at + 7] as number);
  out.id32(ints[at + 6] as number);
  out.id32(ints[at + 5] as number);
  out.id32(ints[at + 4] as number);
  out.byte(16);
  out.byte(0x0a);
  out.close(0x12, span);
}

/** Where a text begins that is skipped. */
function skipText(cursor: SideCursor): number {
  const { at } = cursor;
  cursor.skipText();
  return at;
}

/** A text of the side bytes with its length in front: bytes are copied, nothing is decoded. */
function writeSideText(out: ProtoWriter, rows: SpanRows, at: number): void {
  const { side } = rows;
  const length = (side[at] as number) | ((side[at + 1] as number) << 8);
  if (length === BESIDE) out.text(rows.beside[side.readInt32LE(at + 2)] as string);
  else {
    out.copy(side, at + 2, length);
    out.varint(length);
  }
}

function writeStatus(out: ProtoWriter, rows: SpanRows, code: number, messageAt: number): void {
  if (code === 0 && messageAt < 0) return;
  const from = out.mark;
  out.byte(code);
  out.byte(0x18);
  if (messageAt >= 0) {
    writeSideText(out, rows, messageAt);
    out.byte(0x12);
  }
  out.close(0x7a, from);
}

/** Attributes, events, links and the counts of what was dropped; `cursor` stands behind the status message. */
function writeSide(out: ProtoWriter, rows: SpanRows, meta: number, cursor: SideCursor): void {
  const own = cursor.at;
  if (meta & HAS_ATTRIBUTES) cursor.skipAttributes();
  const values = meta & HAS_VALUES ? rows.sideStart + cursor.word() : -1;
  const events = meta & HAS_EVENTS ? starts(cursor, skipEvent) : NONE;
  const links = meta & HAS_LINKS ? starts(cursor, skipLink) : NONE;
  const has = meta & HAS_DROPS;
  const [attributesDropped, eventsDropped, linksDropped] = [has ? cursor.word() : 0, has ? cursor.word() : 0, has ? cursor.word() : 0];
  writeDropped(out, linksDropped, 0x70);
  for (let i = links.length - 1; i >= 0; i--) writeLink(out, rows, links[i] as number);
  writeDropped(out, eventsDropped, 0x60);
  for (let i = events.length - 1; i >= 0; i--) writeEvent(out, rows, events[i] as number);
  writeDropped(out, attributesDropped, 0x50);
  if (values >= 0) writeSideAttributes(out, rows, values, 0x4a, meta & HAS_ATTRIBUTES ? own : -1);
  if (meta & HAS_ATTRIBUTES) writeSideAttributes(out, rows, own, 0x4a, -1);
}

const NONE: readonly number[] = [];

/** Where each item of a list begins. */
function starts(cursor: SideCursor, skip: (cursor: SideCursor) => void): number[] {
  const found: number[] = [];
  for (let left = cursor.half(); left > 0; left--) {
    found.push(cursor.at);
    skip(cursor);
  }
  return found;
}

function skipEvent(cursor: SideCursor): void {
  cursor.at += 8;
  cursor.skipText();
  cursor.skipAttributes();
}

function skipLink(cursor: SideCursor): void {
  cursor.skipText();
  cursor.skipText();
  cursor.at += 1;
  cursor.skipText();
  cursor.skipAttributes();
}

function writeDropped(out: ProtoWriter, count: number, tag: number): void {
  if (count === 0) return;
  out.varint(count);
  out.byte(tag);
}

/** Where the attributes of one list begin; used within one call. */
const attributeStarts: number[] = [];

/** KeyValue messages of the attributes at `at`; keys that the attributes at `own` have too are left out. */
function writeSideAttributes(out: ProtoWriter, rows: SpanRows, at: number, tag: number, own: number): void {
  const { side, texts } = rows;
  const cursor = new SideCursor(rows, at - rows.sideStart);
  const count = cursor.half();
  for (let i = 0; i < count; i++) {
    attributeStarts[i] = cursor.at;
    cursor.skipKey();
    cursor.skipValue();
  }
  for (let i = count - 1; i >= 0; i--) {
    cursor.at = attributeStarts[i] as number;
    const keyAt = cursor.at;
    const key = (side[keyAt] as number) | ((side[keyAt + 1] as number) << 8);
    if (own >= 0 && hasKey(rows, own, key, keyAt)) continue;
    cursor.skipKey();
    const from = out.mark;
    writeValue(out, rows, cursor.at);
    if (key === RAW_KEY) writeSideText(out, rows, keyAt + 2);
    else out.bytes(texts.encodedKey(key));
    out.byte(0x0a);
    out.close(tag, from);
  }
}

/** The `value` field of a KeyValue, from the value at `at`. */
function writeValue(out: ProtoWriter, rows: SpanRows, at: number): void {
  const { side } = rows;
  const type = side[at] as number;
  const from = out.mark;
  if (type === VALUE_TEXT) {
    writeSideText(out, rows, at + 1);
    out.byte(0x0a);
    out.close(0x12, from);
  } else if (type === VALUE_TRUE || type === VALUE_FALSE) {
    out.byte(type === VALUE_TRUE ? 1 : 0);
    out.byte(0x10);
    out.close(0x12, from);
  } else if (type === VALUE_LIST) writeValueField(out, rows.beside[side.readInt32LE(at + 1)]);
  else writeValueField(out, type === VALUE_INT32 ? side.readInt32LE(at + 1) : side.readDoubleLE(at + 1));
}

/** Whether the attributes at `at` have a key: `key` is its number, or stands for the text at `keyAt`. */
function hasKey(rows: SpanRows, at: number, key: number, keyAt: number): boolean {
  const cursor = new SideCursor(rows, at - rows.sideStart);
  const text = key === RAW_KEY ? new SideCursor(rows, keyAt - rows.sideStart).key() : undefined;
  for (let left = cursor.half(); left > 0; left--) {
    const number = cursor.half();
    if (number === RAW_KEY ? cursor.text() === text : number === key) return true;
    cursor.skipValue();
  }
  return false;
}

function writeEvent(out: ProtoWriter, rows: SpanRows, at: number): void {
  const cursor = new SideCursor(rows, at + 8 - rows.sideStart);
  cursor.skipText();
  const from = out.mark;
  writeSideAttributes(out, rows, cursor.at, 0x1a, -1);
  writeSideText(out, rows, at + 8);
  out.byte(0x12);
  out.unixNano(rows.side.readDoubleLE(at));
  out.byte(0x09);
  out.close(0x5a, from);
}

function writeLink(out: ProtoWriter, rows: SpanRows, at: number): void {
  const cursor = new SideCursor(rows, at - rows.sideStart);
  const traceId = cursor.text();
  const spanId = cursor.text();
  const flags = rows.side[cursor.at++] as number;
  const traceState = cursor.text();
  const from = out.mark;
  out.fixed32(flags);
  out.byte(0x35);
  writeSideAttributes(out, rows, cursor.at, 0x22, -1);
  if (traceState !== '') {
    out.text(traceState);
    out.byte(0x1a);
  }
  if (out.hex(spanId)) out.byte(0x12);
  if (out.hex(traceId)) out.byte(0x0a);
  out.close(0x6a, from);
}
