import type { Attributes } from '../../core/attributes.ts';
import {
  HAS_ATTRIBUTES, HAS_DROPS, HAS_EVENTS, HAS_LINKS, HAS_STATUS_MESSAGE, HAS_TRACE_STATE, HAS_VALUES, KIND_SHIFT, LIBRARY, META, NAME, ROW_WORDS, SIDE,
  type SideEntry, STATUS_SHIFT,
} from '../rows.ts';
import type { SpanRows } from '../worker/span-rows.ts';
import type { Texts } from '../worker/texts.ts';
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
  let rawName = '';
  let traceState = '';
  if (name < 0 || meta >= HAS_ATTRIBUTES) {
    const side = rows.side;
    let cursor = ints[at + SIDE] as number;
    if (name < 0) rawName = side[cursor++] as string;
    if (meta & HAS_TRACE_STATE) traceState = side[cursor++] as string;
    const message = meta & HAS_STATUS_MESSAGE ? (side[cursor++] as string) : '';
    writeStatus(out, (meta >> STATUS_SHIFT) & 3, message);
    writeSide(out, side, texts, meta, cursor);
  } else {
    writeStatus(out, (meta >> STATUS_SHIFT) & 3, '');
  }
  const startMs = rows.epochMs + (doubles[at >> 1] as number);
  const durationMs = (doubles[(at >> 1) + 1] as number) - (doubles[at >> 1] as number);
  out.unixNano(startMs, durationMs > 0 ? Math.round(durationMs * 1e6) : 0);
  out.byte(0x41);
  out.unixNano(startMs);
  out.byte(0x39);
  out.byte(((meta >> KIND_SHIFT) & 7) + 1); // the API counts from "internal", the wire from "unspecified"
  out.byte(0x30);
  if (name < 0) out.text(rawName);
  else out.bytes(texts.delimited(name));
  out.byte(0x2a);
  if ((ints[at + 10] as number) !== 0 || (ints[at + 11] as number) !== 0) {
    out.id32(ints[at + 11] as number);
    out.id32(ints[at + 10] as number);
    out.byte(8);
    out.byte(0x22);
  }
  if (traceState !== '') {
    out.text(traceState);
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

function writeStatus(out: ProtoWriter, code: number, message: string): void {
  if (code === 0 && message === '') return;
  const from = out.mark;
  out.byte(code);
  out.byte(0x18);
  if (message !== '') {
    out.text(message);
    out.byte(0x12);
  }
  out.close(0x7a, from);
}

/** Attributes, events, links and the counts of what was dropped; `cursor` stands behind the status message. */
function writeSide(out: ProtoWriter, side: readonly SideEntry[], texts: Texts, meta: number, cursor: number): void {
  let at = cursor;
  const own = meta & HAS_ATTRIBUTES ? at : -1;
  if (own >= 0) at = skipAttributes(side, at);
  const values = meta & HAS_VALUES ? (side[at++] as number) : -1;
  const events = meta & HAS_EVENTS ? at : -1;
  const eventStarts = events < 0 ? NONE : starts(side, events, 2);
  if (events >= 0) at = endOf(side, events, eventStarts, 2);
  const links = meta & HAS_LINKS ? at : -1;
  const linkStarts = links < 0 ? NONE : starts(side, links, 4);
  if (links >= 0) at = endOf(side, links, linkStarts, 4);
  const drops = meta & HAS_DROPS ? at : -1;
  writeDropped(out, side, drops, 2, 0x70);
  for (let i = linkStarts.length - 1; i >= 0; i--) writeLink(out, side, texts, linkStarts[i] as number);
  writeDropped(out, side, drops, 1, 0x60);
  for (let i = eventStarts.length - 1; i >= 0; i--) writeEvent(out, side, texts, eventStarts[i] as number);
  writeDropped(out, side, drops, 0, 0x50);
  if (values >= 0) writeSideAttributes(out, side, texts, values, 0x4a, own);
  if (own >= 0) writeSideAttributes(out, side, texts, own, 0x4a, -1);
}

const NONE: readonly number[] = [];

function skipAttributes(side: readonly SideEntry[], at: number): number {
  return at + 1 + 2 * (side[at] as number);
}

/** Where each item of a list begins; `head` entries stand before an item's attributes. */
function starts(side: readonly SideEntry[], at: number, head: number): number[] {
  const found: number[] = [];
  let cursor = at + 1;
  for (let i = side[at] as number; i > 0; i--) {
    found.push(cursor);
    cursor = skipAttributes(side, cursor + head);
  }
  return found;
}

function endOf(side: readonly SideEntry[], at: number, found: readonly number[], head: number): number {
  const last = found[found.length - 1];
  return last === undefined ? at + 1 : skipAttributes(side, last + head);
}

function writeDropped(out: ProtoWriter, side: readonly SideEntry[], drops: number, which: number, tag: number): void {
  const count = drops < 0 ? 0 : (side[drops + which] as number);
  if (count === 0) return;
  out.varint(count);
  out.byte(tag);
}

/** KeyValue messages of the attributes at `at`; keys that `own` has too are left out. */
function writeSideAttributes(out: ProtoWriter, side: readonly SideEntry[], texts: Texts, at: number, tag: number, own: number): void {
  for (let i = (side[at] as number) - 1; i >= 0; i--) {
    const key = side[at + 1 + 2 * i] as number | string;
    if (own >= 0 && hasKey(side, own, key)) continue;
    const from = out.mark;
    writeValueField(out, side[at + 2 + 2 * i]);
    if (typeof key === 'number') out.bytes(texts.delimited(key));
    else out.text(key);
    out.byte(0x0a);
    out.close(tag, from);
  }
}

function hasKey(side: readonly SideEntry[], at: number, key: number | string): boolean {
  for (let i = (side[at] as number) - 1; i >= 0; i--) if (side[at + 1 + 2 * i] === key) return true;
  return false;
}

function writeEvent(out: ProtoWriter, side: readonly SideEntry[], texts: Texts, at: number): void {
  const from = out.mark;
  writeSideAttributes(out, side, texts, at + 2, 0x1a, -1);
  out.text(side[at + 1] as string);
  out.byte(0x12);
  out.unixNano(side[at] as number);
  out.byte(0x09);
  out.close(0x5a, from);
}

function writeLink(out: ProtoWriter, side: readonly SideEntry[], texts: Texts, at: number): void {
  const from = out.mark;
  out.fixed32(side[at + 2] as number);
  out.byte(0x35);
  writeSideAttributes(out, side, texts, at + 4, 0x22, -1);
  const traceState = side[at + 3] as string;
  if (traceState !== '') {
    out.text(traceState);
    out.byte(0x1a);
  }
  if (out.hex(side[at + 1] as string)) out.byte(0x12);
  if (out.hex(side[at] as string)) out.byte(0x0a);
  out.close(0x6a, from);
}
