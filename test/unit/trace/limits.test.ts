import { expect, it } from 'vitest';
import { ROOT, SPAN_KEY } from '../../../src/core/scope.ts';
import { createNativeEngine } from '../../../src/trace/engine/native.ts';

const LINK = { context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }, attributes: { a: 1, b: 2 } };
const open = (limits = {}) => createNativeEngine({ output: { ended: () => undefined, sampledOut: () => undefined }, limits }).open(ROOT, undefined, 'x', 0);

it('cuts texts, also those in lists, events and links', () => {
  const span = open({ attributeLength: 3 });
  span.setAttributes({ text: 'abcdef', list: ['abcdef', 'ab', null], n: 123456 });
  span.addEvent('e', { text: 'abcdef' }).addLink({ ...LINK, attributes: { text: 'abcdef' } });
  expect(span.attrs).toEqual({ text: 'abc', list: ['abc', 'ab', null], n: 123456 });
  expect([span.events?.[0]?.attributes, span.links?.[0]?.attributes]).toEqual([{ text: 'abc' }, { text: 'abc' }]);
});

it('bounds attributes, events, links and their attributes, and counts what it drops', () => {
  const span = open({ attributes: 2, events: 1, links: 1, attributesPerEvent: 1, attributesPerLink: 1 });
  span.setAttributes({ a: 1, b: 2, c: 3, d: 4 }).setAttribute('a', 9);
  span.addEvent('first', { a: 1, b: 2 }).addEvent('second', { a: 1, b: 2 });
  span.addLinks([LINK, LINK, LINK]);
  expect([span.attrs, span.droppedAttributes]).toEqual([{ a: 9, b: 2 }, 2]);
  expect([span.events?.map(({ name, attributes }) => [name, attributes]), span.droppedEvents]).toEqual([[['second', { a: 1 }]], 1]);
  expect([span.links?.map(({ attributes }) => attributes), span.droppedLinks]).toEqual([[{ a: 1 }], 2]);
});

it('a bound of 0 events keeps none', () => {
  const span = open({ events: 0 });
  span.addEvent('a').addEvent('b');
  expect([span.events ?? [], span.droppedEvents]).toEqual([[], 2]);
});

it('names that are none or would be special are left out', () => {
  const span = open();
  span
    .setAttribute('', 1)
    .setAttribute('__proto__', ['x'])
    .setAttribute(7 as never, 1)
    .setAttribute('constructor', 'ok')
    .setAttribute('toString', 'ok');
  expect(Object.entries(span.attrs ?? {})).toEqual([
    ['constructor', 'ok'],
    ['toString', 'ok'],
  ]);
  expect(Object.getPrototypeOf(span.attrs)).toBe(Object.prototype);
});

it('hostile arguments never throw', () => {
  const span = open();
  const bad = [undefined, null, 7, 'text', Symbol('s'), {}, [], () => 1, Number.NaN, [Number.NaN, 0], new Date(Number.NaN)] as never[];
  for (const value of bad) {
    expect(() => {
      span.setAttribute(value, value).addEvent(value, value, value).recordException(value, value);
      span.setAttributes(value);
    }).not.toThrow();
  }
  expect(() => span.addLink(undefined as never)).not.toThrow();
  expect(() => span.addLinks(undefined as never)).not.toThrow();
  expect(() => span.setStatus(undefined as never)).not.toThrow();
  expect(() => span.updateName(Symbol('s') as never)).not.toThrow();
  expect(() => span.end(Number.NaN)).not.toThrow();
});

it('a context that holds no span where one should be begins a trace', () => {
  const engine = createNativeEngine({ output: { ended: () => undefined, sampledOut: () => undefined } });
  const throws = {
    spanContext: () => {
      throw new Error('no');
    },
  };
  for (const value of [{}, 'text', throws, { spanContext: () => undefined }, { spanContext: () => ({ traceId: 7 }) }]) {
    const span = engine.open(ROOT.setValue(SPAN_KEY, value), undefined, 'x', 0);
    expect([span.p0, span.p1, span.isRecording()]).toEqual([0, 0, true]);
  }
});
