import { describe, expect, it } from 'vitest';
import { bind } from '../../../src/core/bind.ts';
import { ROOT, type Scope, SPAN_KEY, type SpanLike } from '../../../src/core/scope.ts';
import { BAGGAGE_KEY, formatBaggage, parseBaggage, W3CBaggage } from '../../../src/trace/baggage.ts';
import { contextOf, scopeOf } from '../../../src/trace/engine/context.ts';
import { parseTraceState } from '../../../src/trace/engine/trace-state.ts';
import { createPropagator, extractScope, formatTraceparent, parseTraceparent } from '../../../src/trace/propagation.ts';

const T = '0af7651916cd43dd8448eb211c80319c';
const S = 'b7ad6b7169203331';

// Rows marked with a section come from the W3C Trace Context recommendation, level 2, or from its test suite.
describe('traceparent', () => {
  it.each([
    ['version 00', `00-${T}-${S}-01`, { traceId: T, spanId: S, traceFlags: 1 }],
    ['not sampled', `00-${T}-${S}-00`, { traceId: T, spanId: S, traceFlags: 0 }],
    ['sampled and random (level 2)', `00-${T}-${S}-03`, { traceId: T, spanId: S, traceFlags: 3 }],
    ['unknown flags are cleared', `00-${T}-${S}-ff`, { traceId: T, spanId: S, traceFlags: 3 }],
    ['spaces and tabs around it', ` \t00-${T}-${S}-01\t `, { traceId: T, spanId: S, traceFlags: 1 }],
    ['a later version', `01-${T}-${S}-01`, { traceId: T, spanId: S, traceFlags: 1 }],
    ['a later version with more parts', `cc-${T}-${S}-01-what-the-future-will-be-like`, { traceId: T, spanId: S, traceFlags: 1 }],
    ['a later version with a trailing dash', `cc-${T}-${S}-01-`, { traceId: T, spanId: S, traceFlags: 1 }],
  ])('%s', (_what, text, expected) => {
    expect(parseTraceparent(text)).toEqual(expected);
  });

  it.each([
    ['empty', ''],
    ['version ff', `ff-${T}-${S}-01`],
    ['version 00 with more parts', `00-${T}-${S}-01-more`],
    ['version 00 with a trailing dash', `00-${T}-${S}-01-`],
    ['a later version with text that no dash begins', `cc-${T}-${S}-01.what`],
    ['a trace ID of zeros', `00-${'0'.repeat(32)}-${S}-01`],
    ['a span ID of zeros', `00-${T}-${'0'.repeat(16)}-01`],
    ['upper case in the trace ID', `00-${T.toUpperCase()}-${S}-01`],
    ['upper case in the span ID', `00-${T}-${S.toUpperCase()}-01`],
    ['upper case in the flags', `00-${T}-${S}-0A`],
    ['upper case in the version', `CC-${T}-${S}-01`],
    ['a short trace ID', `00-${T.slice(1)}-${S}-01`],
    ['a long trace ID', `00-${T}0-${S}-01`],
    ['a short span ID', `00-${T}-${S.slice(1)}-01`],
    ['a long span ID', `00-${T}-${S}0-01`],
    ['no hex in the trace ID', `00-${T.slice(1)}.-${S}-01`],
    ['short flags', `00-${T}-${S}-1`],
    ['long flags', `00-${T}-${S}-001`],
    ['no flags', `00-${T}-${S}`],
    ['a short version', `0-${T}-${S}-01`],
    ['a long version', `000-${T}-${S}-01`],
    ['underscores', `00_${T}_${S}_01`],
    ['two headers that were joined', `00-${T}-${S}-01, 00-${T}-${S}-01`],
    ['a line break inside', `00-${T}-${S}-01\n`],
    ['a huge one', `cc-${T}-${S}-01-${'x'.repeat(10_000)}`],
  ])('refuses %s', (_what, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  it('is written with version 00 and known flags', () => {
    expect(formatTraceparent({ traceId: T, spanId: S, traceFlags: 0xff })).toBe(`00-${T}-${S}-03`);
  });
});

const long = (n: number, of = 'a'): string => of.repeat(n);
const list = (n: number): string => Array.from({ length: n }, (_, i) => `k${i}=v`).join(',');

describe('tracestate', () => {
  it.each([
    ['one member', 'foo=1', 'foo=1'],
    ['two members', 'foo=1,bar=2', 'foo=1,bar=2'],
    ['spaces and tabs around members', 'foo=1 \t , \t bar=2, baz=3', 'foo=1,bar=2,baz=3'],
    ['empty members', 'foo=1,,,bar=2,', 'foo=1,bar=2'],
    ['every character of a key', '0a_-*/=1', '0a_-*/=1'],
    ['a key that begins with a digit', '1a-2f=x', '1a-2f=x'],
    ['a tenant and a system', 'fw529a3039@dt=FfSiFK', 'fw529a3039@dt=FfSiFK'],
    ['a key of 256 characters', `${long(256)}=1`, `${long(256)}=1`],
    ['at signs anywhere but in front', 'foo@=1,foo@@bar=2,a@b@c=3,t@1=4', 'foo@=1,foo@@bar=2,a@b@c=3,t@1=4'],
    ['a key of 256 characters with an at sign', `t@${long(254, 'v')}=1`, `t@${long(254, 'v')}=1`],
    ['a key twice: the one in front stays', 'foo=1,bar=2,foo=3', 'foo=1,bar=2'],
    ['a value with every kind of character', 'foo= !"#$%&\'()*+-./:;<>?@[]^_`{|}~', 'foo= !"#$%&\'()*+-./:;<>?@[]^_`{|}~'],
    ['a value of 256 characters', `foo=${long(256)}`, `foo=${long(256)}`],
    ['32 members', list(32), list(32)],
  ])('%s', (_what, text, expected) => {
    expect(parseTraceState(text)?.serialize()).toBe(expected);
  });

  it.each([
    ['nothing', ''],
    ['only commas', ', ,'],
    ['upper case', 'FOO=1'],
    ['a dot in the key', 'foo.bar=1'],
    ['a space in the key', 'foo =1'],
    ['a space before an at sign', 'foo @bar=1'],
    ['a key that begins with an at sign', '@foo=1'],
    ['33 members with a key twice', `${list(32)},k0=v`],
    ['a key of 257 characters', `${long(257)}=1`],
    ['a key that begins with a dash', '-foo=1'],
    ['no value', 'foo='],
    ['no equals sign', 'foo'],
    ['no key', '=1'],
    ['an equals sign in the value', 'foo=bar=baz'],
    ['a value of 257 characters', `foo=${long(257)}`],
    ['a control character', 'foo=a\u0001b'],
    ['no ASCII', 'foo=größe'],
    ['33 members', list(33)],
    ['one bad member among good ones', 'foo=1,BAR=2,baz=3'],
  ])('refuses %s, as a whole', (_what, text) => {
    expect(parseTraceState(text)).toBeUndefined();
  });

  it('set puts in front, replaces, keeps 32 and refuses what breaks the grammar', () => {
    const state = parseTraceState(list(32));
    expect(state?.set('k5', 'new').serialize()).toBe(`k5=new,${list(32).replace('k5=v,', '')}`);
    expect(state?.set('new', '1').serialize().split(',')).toHaveLength(32);
    expect(state?.set('Bad', '1')).toBe(state);
    expect(state?.set('new', 'a,b')).toBe(state);
    expect(state?.unset('k1').get('k1')).toBeUndefined();
    expect(state?.unset('none')).toBe(state);
    expect(state?.get('k31')).toBe('v');
  });
});

describe('extract', () => {
  const spanOf = (scope: Scope): ReturnType<SpanLike['spanContext']> | undefined => scope.span?.spanContext();
  const traceparent = `00-${T}-${S}-01`;

  it('takes both headers', () => {
    expect(spanOf(extractScope(ROOT, { traceparent, tracestate: 'a=1' }))).toMatchObject({ traceId: T, spanId: S, traceFlags: 1, isRemote: true });
  });
  it('joins several tracestate headers', () => {
    const context = spanOf(extractScope(ROOT, { traceparent, tracestate: ['a=1', 'b=2'] })) as { traceState?: { serialize(): string } };
    expect(context.traceState?.serialize()).toBe('a=1,b=2');
  });
  it('ignores a bad tracestate but not its traceparent', () => {
    expect(spanOf(extractScope(ROOT, { traceparent, tracestate: 'A=1' }))).toEqual({ traceId: T, spanId: S, traceFlags: 1, isRemote: true });
  });
  it.each([
    ['two traceparent headers', { traceparent: [traceparent, traceparent] }],
    ['a tracestate alone', { tracestate: 'a=1' }],
    ['a bad traceparent', { traceparent: 'bad', tracestate: 'a=1' }],
    ['no headers', {}],
  ])('gives the scope itself for %s', (_what, headers) => {
    expect(extractScope(ROOT, headers)).toBe(ROOT);
  });
  it('keeps bound values and limits of the scope it continues', () => {
    bind({ 'request.id': 'r' }, () => {
      const scope = extractScope(scopeOf(contextOf(ROOT)), { traceparent });
      expect(scope.values).toBeUndefined();
    });
  });
});

describe('inject', () => {
  const inject = (scope: Scope, names?: readonly ('tracecontext' | 'baggage')[]): Record<string, string> => {
    const carrier: Record<string, string> = {};
    createPropagator(names).inject(contextOf(scope), carrier, {
      set: (to, key, value) => {
        (to as typeof carrier)[key] = value;
      },
    });
    return carrier;
  };
  const full = extractScope(ROOT, { traceparent: `00-${T}-${S}-01`, tracestate: 'a=1', baggage: 'k=v' });

  it('writes what was read', () => {
    expect(inject(full)).toEqual({ traceparent: `00-${T}-${S}-01`, tracestate: 'a=1', baggage: 'k=v' });
  });
  it('writes what the chosen propagators know', () => {
    expect(inject(full, ['baggage'])).toEqual({ baggage: 'k=v' });
    expect(inject(full, [])).toEqual({});
    expect(createPropagator().fields()).toEqual(['traceparent', 'tracestate', 'baggage']);
  });
  it('writes nothing without a span, for an invalid one, or where tracing is suppressed', () => {
    expect(inject(ROOT)).toEqual({});
    expect(inject(ROOT.setValue(SPAN_KEY, { spanContext: () => ({ traceId: '0'.repeat(32), spanId: S, traceFlags: 1 }) }))).toEqual({});
    expect(inject(full.setValue(Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), true))).toEqual({});
  });
});

describe('baggage', () => {
  it.each([
    ['a pair', 'k=v', [['k', 'v', undefined]]],
    [
      'spaces',
      ' k = v , l = w ',
      [
        ['k', 'v', undefined],
        ['l', 'w', undefined],
      ],
    ],
    ['percent signs', 'k=gr%C3%B6%C3%9Fe%2C%20ok', [['k', 'größe, ok', undefined]]],
    ['properties', 'k=v;p1;p2=x', [['k', 'v', 'p1;p2=x']]],
    ['an empty value', 'k=', [['k', '', undefined]]],
    ['an equals sign in the value', 'k=a=b', [['k', 'a=b', undefined]]],
    ['the last of two', 'k=1,k=2', [['k', '2', undefined]]],
    [
      'good ones among bad ones',
      'a=1,b,=c,d e=f,g=%E0%A4%A,h=8',
      [
        ['a', '1', undefined],
        ['h', '8', undefined],
      ],
    ],
  ])('reads %s', (_what, text, entries) => {
    expect(
      parseBaggage(text)
        ?.getAllEntries()
        .map(([key, { value, metadata }]) => [key, value, metadata?.toString()]),
    ).toEqual(entries);
  });

  it.each([
    ['nothing', ''],
    ['no pair', 'k'],
    ['8,193 characters', `k=${long(8_191)}`],
  ])('reads %s as none', (_what, text) => {
    expect(parseBaggage(text)).toBeUndefined();
  });

  it('reads and writes at most 64 members', () => {
    expect(parseBaggage(list(70))?.getAllEntries()).toHaveLength(64);
    expect(formatBaggage(new W3CBaggage(new Map(Array.from({ length: 70 }, (_, i) => [`k${i}`, { value: 'v' }]))))?.split(',')).toHaveLength(64);
  });

  it('leaves out what would pass the bound of the header', () => {
    expect(
      formatBaggage(
        new W3CBaggage(
          new Map([
            ['a', { value: long(8_200) }],
            ['b', { value: '1' }],
          ]),
        ),
      ),
    ).toBe('b=1');
    expect(formatBaggage(new W3CBaggage())).toBeUndefined();
  });

  it('is immutable', () => {
    const baggage = new W3CBaggage().setEntry('a', { value: '1' });
    const more = baggage.setEntry('b', { value: '2' });
    expect([
      baggage.getAllEntries().length,
      more.removeEntry('a').getEntry('a'),
      more.removeEntries('a', 'b').getAllEntries(),
      more.clear().getAllEntries(),
      more.getEntry('b'),
    ]).toEqual([1, undefined, [], [], { value: '2' }]);
  });

  it("is found by the API's own key", () => {
    expect((extractScope(ROOT, { baggage: 'k=v' }).getValue(BAGGAGE_KEY) as W3CBaggage).getEntry('k')).toEqual({ value: 'v' });
  });
});
