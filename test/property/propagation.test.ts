import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ROOT, type Scope } from '../../src/core/scope.ts';
import { BAGGAGE_KEY, formatBaggage, parseBaggage, W3CBaggage } from '../../src/trace/baggage.ts';
import { contextOf } from '../../src/trace/engine/context.ts';
import { hex32, int32OfHex } from '../../src/trace/engine/ids.ts';
import { NativeEngine } from '../../src/trace/engine/native.ts';
import { parseTraceState, W3CTraceState } from '../../src/trace/engine/trace-state.ts';
import { createPropagator, extractScope, formatTraceparent, parseTraceparent } from '../../src/trace/propagation.ts';

const hex = (length: number) =>
  fc.array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length }).map((digits) => digits.map((digit) => digit.toString(16)).join(''));
const id = (length: number) => hex(length).filter((text) => /[1-9a-f]/.test(text));
const key = fc.stringMatching(/^[a-z0-9][a-z0-9_\-*/]{0,20}$/);
const value = fc.stringMatching(/^[ -+\--<>-~]{0,40}[!-+\--<>-~]$/);

it("32-bit integers and hex are each other's inverse", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (n) => {
      expect(hex32(n)).toMatch(/^[0-9a-f]{8}$/);
      expect(int32OfHex(hex32(n), 0)).toBe(n);
    }),
  );
});

it('traceparent: parse(format(x)) = x', () => {
  fc.assert(
    fc.property(id(32), id(16), fc.integer({ min: 0, max: 3 }), (traceId, spanId, traceFlags) => {
      expect(parseTraceparent(formatTraceparent({ traceId, spanId, traceFlags }))).toEqual({ traceId, spanId, traceFlags });
    }),
  );
});

it('traceparent: any text is refused or is a valid context', () => {
  const almost = fc.tuple(hex(2), hex(32), hex(16), hex(2), fc.string({ maxLength: 3 })).map(([v, t, s, f, rest]) => `${v}-${t}-${s}-${f}${rest}`);
  fc.assert(
    fc.property(fc.oneof(fc.string(), almost), (text) => {
      const parsed = parseTraceparent(text);
      if (parsed === undefined) return;
      expect(parsed.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
      expect(parsed.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
      expect([0, 1, 2, 3]).toContain(parsed.traceFlags);
    }),
  );
  expect(parseTraceparent('')).toBeUndefined();
});

it('tracestate: parse(serialize(x)) = x', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([k]) => k, minLength: 1, maxLength: 32 }), (members) => {
      const state = new W3CTraceState(new Map(members.map(([k, v]) => [k, v.trimStart()] as const).filter(([, v]) => v !== '')));
      expect(parseTraceState(state.serialize())?.serialize()).toBe(state.serialize() || undefined);
    }),
  );
});

it('tracestate and baggage never throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(() => [parseTraceState(text), parseBaggage(text)]).not.toThrow();
    }),
  );
});

it('baggage: parse(format(x)) = x', () => {
  const name = fc.stringMatching(/^[!#$&'*+\-.^_`|~0-9A-Za-z]{1,20}$/);
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: 'grapheme', maxLength: 30 }), { maxKeys: 20, noNullPrototype: true }), (entries) => {
      const baggage = new W3CBaggage(new Map(Object.entries(entries).map(([k, v]) => [k, { value: v }])));
      const text = formatBaggage(baggage);
      const back = text === undefined ? [] : (parseBaggage(text)?.getAllEntries() ?? []);
      expect(back.map(([k, { value: v }]) => [k, v])).toEqual(Object.entries(entries));
    }),
  );
});

it('a span injected here is the parent of the span that is made there', () => {
  const engine = new NativeEngine({ output: { ended: () => undefined, sampledOut: () => undefined } });
  fc.assert(
    fc.property(id(32), id(16), fc.boolean(), (traceId, spanId, sampled) => {
      const incoming = extractScope(ROOT, { traceparent: formatTraceparent({ traceId, spanId, traceFlags: sampled ? 1 : 0 }) });
      const here = engine.open(incoming, undefined, 'here', 0);
      const carrier: Record<string, string> = {};
      createPropagator().inject(contextOf(here as Scope), carrier, {
        set: (to, k, v) => {
          (to as typeof carrier)[k] = v;
        },
      });
      const there = engine.open(extractScope(ROOT, carrier), undefined, 'there', 0);
      expect(there.spanContext()).toMatchObject({ traceId, traceFlags: sampled ? 1 : 0 });
      expect([there.p0, there.p1]).toEqual([here.s0, here.s1]);
      expect([hex32(here.p0) + hex32(here.p1), there.isRecording()]).toEqual([spanId, sampled]);
    }),
  );
});

it('baggage does not disturb the trace', () => {
  expect((extractScope(ROOT, { baggage: 'a=1' }).getValue(BAGGAGE_KEY) as W3CBaggage).getAllEntries()).toHaveLength(1);
});
