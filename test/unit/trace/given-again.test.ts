import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { boundary } from '../../../src/errors/boundary.ts';
import { MAX_LISTED, openSpans } from '../../../src/trace/open-spans.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordEach } from './recorder.ts';

/** More than a stack holds, were there a layer a call. */
const OFTEN = 20_000;

class Lazy<T> extends Promise<T> {}

const seen = recordEach();

describe('an object that is given again and again (a cached connection)', () => {
  it('as a promise of its own class, awaited or not', async () => {
    const cached = Lazy.resolve(7);
    const connect = traced('connect', () => cached);
    for (let i = 0; i < OFTEN; i++) void connect();
    expect(await connect()).toBe(7);
    for (let i = 0; i < OFTEN; i++) await connect();
    expect(seen.spans).toHaveLength(2 * OFTEN + 1);
  });

  it('of a call for each its own end, with the error', async () => {
    let fail: (error: Error) => void = () => undefined;
    const cached = new Lazy<void>((_, reject) => {
      fail = reject;
    });
    const inner = traced('inner', () => cached);
    const outer = traced('outer', () => inner());
    const both = Promise.allSettled([outer(), outer()]);
    expect(seen.spans).toHaveLength(0);
    fail(new Error('gone'));
    await both;
    expect(seen.spans.map(({ name, message }) => `${name} ${message}`)).toEqual(['inner gone', 'outer gone', 'inner gone', 'outer gone']);
  });

  it('to many who wait for it: all fail with it', async () => {
    const cached = new Lazy<void>((_, reject) => setImmediate(() => reject(new Error('gone'))));
    const connect = traced('connect', () => cached);
    const waiting = await Promise.allSettled(Array.from({ length: 5_000 }, async () => connect()));
    expect(waiting.filter(({ status }) => status === 'rejected')).toHaveLength(5_000);
    expect(seen.spans.filter(({ status }) => status === 2)).toHaveLength(5_000);
  });

  it('as an iterable, of which each iteration is a call', async () => {
    const numbers = {
      async *[Symbol.asyncIterator]() {
        yield 1;
        yield 2;
      },
    };
    const read = traced('read', () => numbers);
    for (let i = 0; i < OFTEN; i++) read();
    const open = openSpans(1).count;
    let sum = 0;
    for (let i = 0; i < 3; i++) for await (const n of read()) sum += n;
    expect(sum).toBe(9);
    expect(open).toBe(MAX_LISTED); // what is given by more is a thing to hold, not a result that ends
    expect(seen.spans).toHaveLength(OFTEN + 3);
  });

  it('as a generator', () => {
    const numbers = (function* () {
      yield 1;
      yield 2;
    })();
    const read = traced('read', () => numbers);
    for (let i = 0; i < OFTEN; i++) read();
    expect([...numbers]).toEqual([1, 2]);
    expect(seen.spans).toHaveLength(OFTEN);
  });

  it('as a stream, which gets no listener a call', async () => {
    const log = new PassThrough();
    const open = traced('open', () => log);
    for (let i = 0; i < 100; i++) open();
    expect(log.listenerCount('close')).toBe(1);
    log.end('x');
    for await (const _ of log);
    expect(seen.spans).toHaveLength(100);
  });

  it('through a boundary', async () => {
    const error = new Error('no connection');
    const cached = Lazy.reject(error);
    const connect = boundary('db')(() => cached);
    const use = boundary('orders')(() => connect());
    for (let i = 0; i < OFTEN; i++) void use();
    await expect(use()).rejects.toMatchObject({ boundary: 'db', cause: error });
    const lines = (function* () {
      yield 1;
    })();
    const read = boundary('db')(() => lines);
    for (let i = 0; i < OFTEN; i++) read();
    expect([...lines]).toEqual([1]);
  });
});

it('what is frozen ends its call, and is listed as open no longer', async () => {
  const frozen = Object.freeze({ then: () => undefined });
  void traced('frozen', () => frozen as unknown as PromiseLike<void>)();
  expect(seen.spans).toHaveLength(1);
  expect(openSpans(1).count).toBe(0);
});
