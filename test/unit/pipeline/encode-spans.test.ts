import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndedSpan } from '../../../src/core/ended-span.ts';
import type { AttributeBag, SpanData } from '../../../src/core/records.ts';
import { encodeSpansJson, unixNano } from '../../../src/pipeline/otlp/encode-json.ts';
import { encodeSpans } from '../../../src/pipeline/otlp/encode-spans.ts';
import { ProtoWriter } from '../../../src/pipeline/otlp/proto-writer.ts';
import { materialiseSpans } from '../../../src/pipeline/worker/span-rows.ts';
import { endedSpan } from '../../ended-span.mjs';
import { decodeOfficially } from './official-proto.ts';
import { batcherRig } from './rig.ts';

const out = new ProtoWriter();
const resource = { 'service.name': 'shop', 'process.pid': 7 };
/** Any text may be a key, also one that names a secret. */
const openly = Object.assign((_key: string, value: unknown) => value, { byPath: false });

/** Both threads' work on some spans: rows, then what was materialised from them and both encodings, decoded. */
function through(spans: ReturnType<typeof endedSpan>[]) {
  const { batcher, posted, rowsOf } = batcherRig(undefined, undefined, openly);
  for (const span of spans) batcher.ended(span);
  batcher.post();
  const rows = rowsOf(posted[0]!);
  const data = materialiseSpans(rows);
  return {
    data,
    proto: decodeOfficially('span', encodeSpans(out, rows, resource)),
    json: JSON.parse(encodeSpansJson(data, resource).toString('utf8')),
  };
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constant('__proto__'),
  fc.string({ minLength: 60, maxLength: 300 }),
  fc.constantFrom('x'.repeat(1_024), 'y'.repeat(1_025), 'é'.repeat(1_000), '界'.repeat(1_500)),
);
const value = fc.oneof(
  text,
  fc.double(),
  fc.maxSafeInteger(),
  fc.boolean(),
  fc.array(text, { maxLength: 3 }),
  fc.array(fc.option(fc.double()), { maxLength: 3 }),
);
const attributes = fc.dictionary(text, value, { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<AttributeBag>;
const hex = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const monoMs = fc.double({ min: 0, max: 1e9, noNaN: true });

const shared = [{ tenant: 'a', plan: 'pro' }, { tenant: 'b' }];
const library = [undefined, { name: 'lib', version: '1.2.3' }, { name: 'other' }];
const arbitrarySpan = fc
  .record({
    trace: fc.record({ t0: int32, t1: int32, t2: int32, t3: int32, traceState: fc.option(fc.string({ minLength: 1 }), { nil: undefined }) }),
    s0: int32,
    s1: int32,
    p0: int32,
    p1: int32,
    flags: fc.integer({ min: 0, max: 255 }),
    def: fc.constantFrom(undefined, { id: 3, name: 'work', module: 'm', site: undefined, active: 0, cell: undefined }),
    name: fc.oneof(fc.constant('work'), text),
    kind: fc.integer({ min: 0, max: 4 }),
    startMono: monoMs,
    durationMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    statusCode: fc.integer({ min: 0, max: 2 }),
    statusMessage: fc.option(
      text.filter((message) => message !== ''),
      { nil: undefined },
    ),
    attrs: fc.option(attributes, { nil: undefined }),
    values: fc.oneof(fc.constantFrom(undefined, ...shared), attributes),
    events: fc.option(fc.array(fc.record({ name: text, timeMs: fc.integer({ min: 1, max: 2e12 }), attributes }), { maxLength: 3 }), { nil: undefined }),
    links: fc.option(
      fc.array(
        fc.record({
          traceId: hex(32),
          spanId: hex(16),
          traceState: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
          flags: fc.integer({ min: 0, max: 255 }),
          attributes,
        }),
        { maxLength: 3 },
      ),
      { nil: undefined },
    ),
    library: fc.constantFrom(...library),
    droppedAttributes: fc.nat(5),
    droppedEvents: fc.nat(5),
    droppedLinks: fc.nat(400),
  })
  .map(({ durationMs, ...span }) => endedSpan({ ...span, endMono: span.startMono + durationMs } as Partial<EndedSpan>));

describe('spans through rows and protobuf', () => {
  it('decode to what was materialised, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(arbitrarySpan, { minLength: 1, maxLength: 6 }), (spans) => {
        const { data, proto } = through(spans);
        expect(proto.resourceSpans).toHaveLength(1);
        const decoded = proto.resourceSpans[0].scopeSpans.flatMap((group: { scope: { name: string; version?: string }; spans: object[] }) =>
          group.spans.map((span) => plainSpan(span, group.scope)),
        );
        expect(sortById(decoded)).toEqual(sortById(data.map((span) => wireSpan(span))));
      }),
      { numRuns: 300 },
    );
  });

  it('keep what the engine handed over', () => {
    fc.assert(
      fc.property(arbitrarySpan, (span) => {
        const [data] = through([span]).data as [SpanData];
        expect(data.name).toBe(wellFormed(span.name));
        expect(data.traceId).toBe(
          [span.trace.t0, span.trace.t1, span.trace.t2, span.trace.t3].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join(''),
        );
        expect(data.durationMs).toBe(span.endMono - span.startMono);
        expect(data.status).toEqual({ code: span.statusCode, ...(span.statusMessage === undefined ? undefined : { message: wellFormed(span.statusMessage) }) });
        expect(data.attributes).toEqual(wellFormedBag(new Map([...Object.entries(span.values ?? {}), ...Object.entries(span.attrs ?? {})])));
        expect(data.events).toEqual(
          (span.events ?? []).map((event) => ({ ...event, name: wellFormed(event.name), attributes: wellFormedBag(event.attributes) })),
        );
        expect(data.links.map((link) => ({ traceState: undefined, ...link }))).toEqual(
          (span.links ?? []).map((link) => ({
            ...link,
            traceState: link.traceState === undefined ? undefined : wellFormed(link.traceState),
            attributes: wellFormedBag(link.attributes),
          })),
        );
        expect([data.droppedAttributes, data.droppedEvents, data.droppedLinks]).toEqual([span.droppedAttributes, span.droppedEvents, span.droppedLinks]);
      }),
    );
  });

  it('say the same in JSON: hex IDs, 64-bit integers as text', () => {
    fc.assert(
      fc.property(arbitrarySpan, (span) => {
        const { json, proto } = through([span]);
        const fromJson = json.resourceSpans[0].scopeSpans[0].spans[0];
        const fromProto = proto.resourceSpans[0].scopeSpans[0].spans[0];
        expect(fromJson.traceId).toBe(fromProto.traceId);
        expect(fromJson.traceId).toMatch(/^[0-9a-f]{32}$/);
        expect(fromJson.startTimeUnixNano).toBe(fromProto.startTimeUnixNano);
        expect(fromJson.endTimeUnixNano).toBe(fromProto.endTimeUnixNano);
        expect(fromJson.kind).toBe(fromProto.kind);
        expect(attributesOf(fromJson.attributes)).toEqual(attributesOf(fromProto.attributes));
      }),
    );
  });

  it('put a nanosecond where it belongs', () => {
    expect(unixNano(1_763_711_999_999.5)).toBe('1763711999999500000');
    expect(unixNano(1_763_711_999_999.5, 1_500_000_001)).toBe('1763712001499500001');
    const { proto } = through([endedSpan()]);
    const span = proto.resourceSpans[0].scopeSpans[0].spans[0];
    expect(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)).toBe(2_500_000n);
  });

  it('replaces half a surrogate pair, which a strict JSON parser would refuse', () => {
    const { json } = through([endedSpan({ attrs: { bad: 'a\ud800b', fine: '\u{1f600}', escaped: '\\ud800' } })]);
    expect(attributesOf(json.resourceSpans[0].scopeSpans[0].spans[0].attributes)).toEqual({ bad: 'a\ufffdb', fine: '\u{1f600}', escaped: '\\ud800' });
  });
});

function sortById<T extends { traceId: string; spanId: string; name: string }>(spans: T[]): T[] {
  return [...spans].sort((a, b) => `${a.traceId}${a.spanId}${a.name}`.localeCompare(`${b.traceId}${b.spanId}${b.name}`));
}

/** What a span must look like on the wire. */
function wireSpan(span: SpanData) {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    traceState: wellFormed(span.traceState ?? ''),
    flags: span.flags,
    name: wellFormed(span.name),
    kind: span.kind + 1,
    start: unixNano(span.startMs),
    end: unixNano(span.startMs, Math.round(span.durationMs * 1e6)),
    status: { code: span.status.code, message: wellFormed(span.status.message ?? '') },
    attributes: wellFormedBag(span.attributes),
    events: span.events.map((event) => ({ name: wellFormed(event.name), time: unixNano(event.timeMs), attributes: wellFormedBag(event.attributes) })),
    links: span.links.map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      traceState: wellFormed(link.traceState ?? ''),
      flags: link.flags,
      attributes: wellFormedBag(link.attributes),
    })),
    dropped: [span.droppedAttributes, span.droppedEvents, span.droppedLinks],
    scope: [span.scope.name, span.scope.version ?? ''],
  };
}

function plainSpan(span: any, scope: { name: string; version?: string }) {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    traceState: span.traceState ?? '',
    flags: span.flags ?? 0,
    name: span.name ?? '',
    kind: span.kind,
    start: span.startTimeUnixNano,
    end: span.endTimeUnixNano,
    status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
    attributes: attributesOf(span.attributes),
    events: span.events.map((event: any) => ({ name: event.name ?? '', time: event.timeUnixNano, attributes: attributesOf(event.attributes) })),
    links: span.links.map((link: any) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      traceState: link.traceState ?? '',
      flags: link.flags ?? 0,
      attributes: attributesOf(link.attributes),
    })),
    dropped: [span.droppedAttributesCount ?? 0, span.droppedEventsCount ?? 0, span.droppedLinksCount ?? 0],
    scope: [scope.name, scope.version ?? ''],
  };
}

function wellFormed(value: string): string {
  return Buffer.from(value, 'utf8').toString('utf8');
}

/** Half a surrogate pair becomes U+FFFD on the way, in keys and texts. */
function wellFormedBag(bag: object | Map<string, unknown>): object {
  const entries = bag instanceof Map ? [...bag] : Object.entries(bag);
  const one = (item: unknown): unknown => (typeof item === 'string' ? wellFormed(item) : Array.isArray(item) ? item.map(one) : item);
  return Object.fromEntries(entries.map(([key, item]) => [wellFormed(key), one(item)]));
}

function attributesOf(list: any[]): object {
  return Object.fromEntries((list ?? []).map(({ key, value: any }) => [key ?? '', plainValue(any)]));
}

function plainValue(any: any = {}): unknown {
  if ('stringValue' in any) return any.stringValue;
  if ('boolValue' in any) return any.boolValue;
  if ('intValue' in any) return Number(any.intValue);
  if ('doubleValue' in any) return Number(any.doubleValue);
  if ('arrayValue' in any) return (any.arrayValue.values ?? []).map(plainValue);
  return null;
}
