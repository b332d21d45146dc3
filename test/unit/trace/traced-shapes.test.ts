import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { currentScope, ROOT } from '../../../src/core/scope.ts';
import { span } from '../../../src/trace/span.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordSpans } from './recorder.ts';

let seen: ReturnType<typeof recordSpans>;
beforeEach(() => {
  seen = recordSpans();
});
afterEach(() => {
  seen.stop();
});

const child = (name: string): void => span(name, () => undefined);
const expectChild = (name: string, parent: string): void => expect(seen.named(name).parent).toBe(seen.named(parent).id);

describe('sync functions', () => {
  it('stay sync, keep `this`, arguments and the scope outside', () => {
    const fn = traced('add', function (this: { base: number }, a: number, b?: number) {
      child('inside');
      return this.base + a + (b ?? 0) + arguments.length;
    });
    expect(fn.call({ base: 10 }, 1)).toBe(12);
    expect(currentScope()).toBe(ROOT);
    expectChild('inside', 'add');
  });

  it('throw what they threw; the span has its type and message', () => {
    const error = Object.assign(new RangeError('too far'), { code: 'E_FAR' });
    const fn = traced('far', () => {
      throw error;
    });
    expect(() => fn()).toThrow(error);
    expect(currentScope()).toBe(ROOT);
    expect(seen.named('far')).toMatchObject({ status: 2, message: 'too far', attributes: { 'error.type': 'E_FAR' } });
  });

  it.each([
    ['a string', 'broken'],
    ['undefined', undefined],
    ['null', null],
    ['a frozen object', Object.freeze({ why: 1 })],
  ])('throw %s as it is', (_what, thrown) => {
    const fn = traced('odd', () => {
      throw thrown;
    });
    let caught: unknown = 'nothing';
    try {
      fn();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe(thrown);
    expect(seen.named('odd').status).toBe(2);
  });

  it('give objects, functions, arrays, iterators and hostile proxies back as they are', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
        getPrototypeOf: () => {
          throw new Error('no');
        },
      },
    );
    for (const value of [{ a: 1 }, [1], () => 1, new Map([[1, 2]]).entries(), Object.freeze({}), Object.create(null) as object, hostile]) {
      const fn = traced('value', () => value);
      expect(fn() === value).toBe(true);
    }
    expect(seen.spans).toHaveLength(7);
  });

  it('see their scope in what they schedule', async () => {
    const fn = traced('schedule', (done: () => void) => {
      setTimeout(() => {
        child('later');
        done();
      }, 0);
    });
    await new Promise<void>((resolve) => fn(resolve));
    expectChild('later', 'schedule');
  });
});

describe('promises', () => {
  it('last until they settle, nested over await', async () => {
    const inner = traced('inner', async () => {
      await sleep(1);
      child('deep');
      return 7;
    });
    const outer = traced('outer', async () => (await inner()) + 1);
    expect(await outer()).toBe(8);
    expectChild('inner', 'outer');
    expectChild('deep', 'inner');
    expect(currentScope()).toBe(ROOT);
  });

  it('reject with the same error', async () => {
    const error = new Error('late');
    const fn = traced('late', async () => {
      await sleep(1);
      throw error;
    });
    await expect(fn()).rejects.toBe(error);
    expect(seen.named('late')).toMatchObject({ status: 2, message: 'late' });
  });

  it('leave an unhandled rejection unhandled, once', async () => {
    const reasons: unknown[] = [];
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (reason) => reasons.push(reason));
    try {
      const error = new Error('nobody waits');
      void traced('lost', async () => {
        throw error;
      })();
      await traced('caught', async () => Promise.reject(new Error('handled')))().catch(() => undefined);
      await sleep(5);
      expect(reasons).toEqual([error]);
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const listener of listeners) process.on('unhandledRejection', listener);
    }
  });

  it('keep their class, identity and properties', async () => {
    class Job extends Promise<number> {
      cancel(): string {
        return 'cancelled';
      }
    }
    const job = new Job((resolve) => setTimeout(resolve, 1, 5));
    const given = traced('job', () => job)();
    expect(given).toBe(job);
    expect(given.cancel()).toBe('cancelled');
    expect(await given).toBe(5);
    expect(seen.named('job').status).toBe(0);

    const run = traced('exec', () => promisify(execFile)(process.execPath, ['-e', '']));
    const running = run();
    expect(running.child.pid).toBeTypeOf('number');
    await running;
    expect(seen.named('exec').ms).toBeGreaterThan(0);
  });
});

describe('thenables', () => {
  class Query implements PromiseLike<string> {
    started = 0;
    parts: string[] = [];
    where(part: string): this {
      this.parts.push(part);
      return this;
    }
    then<A, B>(ok?: ((value: string) => A | PromiseLike<A>) | null, failed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
      this.started++;
      child('query');
      return Promise.resolve(this.parts.join(' and ')).then(ok as never, failed) as Promise<A | B>;
    }
  }

  it('that are lazy are not started, run in the span, and end it', async () => {
    const query = new Query();
    const given = traced('find', () => query.where('a'))();
    expect(given).toBe(query);
    await sleep(1);
    expect(query.started).toBe(0);
    expect(seen.spans).toHaveLength(0);
    expect(await given.where('b')).toBe('a and b');
    expect(query.started).toBe(1);
    expectChild('query', 'find');
  });

  it('call back in the scope of their user', async () => {
    const query = traced('find', () => new Query())();
    const name = await span('user', () => query.then(() => currentScope().span?.name));
    expect(name).toBe('user');
  });

  it('that fail fail the span', async () => {
    const broken = { then: (_ok: unknown, failed: (error: unknown) => void) => failed(new TypeError('no table')) };
    await expect((async () => await traced('broken', () => broken as unknown as PromiseLike<void>)())()).rejects.toThrow('no table');
    expect(seen.named('broken')).toMatchObject({ status: 2, message: 'no table' });
  });

  it('that are frozen end the span at once', () => {
    const frozen = Object.freeze({ then: () => undefined });
    expect(traced('frozen', () => frozen)()).toBe(frozen);
    expect(seen.named('frozen').status).toBe(0);
  });
});

describe('generators', () => {
  const count = traced('count', function* (to: number): Generator<number, string, string | undefined> {
    for (let i = 0; i < to; i++) {
      child(`step ${i}`);
      yield i;
    }
    return 'done';
  });

  it('have a span as long as their iteration, with the scope inside each step only', () => {
    const values: number[] = [];
    for (const value of count(3)) {
      expect(currentScope()).toBe(ROOT);
      child(`between ${value}`);
      values.push(value);
    }
    expect(values).toEqual([0, 1, 2]);
    for (const i of [0, 1, 2]) expectChild(`step ${i}`, 'count');
    expect(seen.named('between 1').parent).toBeUndefined();
  });

  it('keep their prototype, symbols and `instanceof`', () => {
    const generator = count(1);
    expect(generator).toBeInstanceOf(count as never);
    expect(Object.prototype.toString.call(generator)).toBe('[object Generator]');
    expect(Object.keys(generator)).toEqual([]);
    expect(generator[Symbol.iterator]()).toBe(generator);
    expect([...generator]).toEqual([0]);
  });

  it.each([
    [
      'break',
      () => {
        for (const _ of count(3)) break;
      },
      0,
    ],
    ['return', () => count(3).return('early'), 0],
    [
      'throw',
      () => {
        const g = count(3);
        g.next();
        try {
          g.throw(new Error('stop'));
        } catch {}
      },
      2,
    ],
    [
      'a throw in the loop',
      () => {
        try {
          for (const _ of count(3)) throw new Error('mine');
        } catch {}
      },
      0,
    ],
  ])('close on %s', (_how, leave, status) => {
    leave();
    expect(seen.named('count').status).toBe(status);
  });

  it('pass values in and work with yield*', () => {
    const echo = traced('echo', function* (): Generator<string, void, string> {
      for (let said = yield 'go'; said !== 'stop'; said = yield `heard ${said}`);
    });
    const outer = (function* () {
      yield* echo();
    })();
    expect([outer.next('').value, outer.next('a').value, outer.next('stop').done]).toEqual(['go', 'heard a', true]);
    expect(seen.spans).toHaveLength(1);
  });
});

describe('async generators', () => {
  const work = traced('work', async function* (steps: number) {
    for (let i = 0; i < steps; i++) {
      await sleep(10);
      child(`child ${i}`);
      yield i;
    }
  });

  it('of 30 ms and three children are one span of about 30 ms with three children', async () => {
    for await (const _ of work(3)) child('outside');
    expect(seen.named('work').ms).toBeGreaterThan(27);
    for (const i of [0, 1, 2]) expectChild(`child ${i}`, 'work');
    for (const outside of seen.spans.filter(({ name }) => name === 'outside')) expect(outside.parent).toBeUndefined();
  });

  it.each([
    [
      'break',
      async () => {
        for await (const _ of work(3)) break;
      },
      0,
    ],
    [
      'return()',
      async () => {
        const g = work(3);
        await g.next();
        await g.return();
      },
      0,
    ],
    [
      'return() before the first step',
      async () => {
        await work(3).return();
      },
      0,
    ],
    [
      'throw()',
      async () => {
        const g = work(3);
        await g.next();
        await g.throw(new Error('x')).catch(() => undefined);
      },
      2,
    ],
  ])('close on %s', async (_how, leave, status) => {
    await leave();
    expect(seen.named('work').status).toBe(status);
  });

  it('that fail fail the span', async () => {
    const broken = traced('broken', async function* () {
      yield 1;
      throw new Error('midway');
    });
    await expect(
      (async () => {
        for await (const _ of broken());
      })(),
    ).rejects.toThrow('midway');
    expect(seen.named('broken')).toMatchObject({ status: 2, message: 'midway' });
  });

  it('take several steps at a time', async () => {
    const g = work(2);
    expect(await Promise.all([g.next(), g.next(), g.next()])).toEqual([
      { value: 0, done: false },
      { value: 1, done: false },
      { value: undefined, done: true },
    ]);
    expect(seen.spans.filter(({ name }) => name === 'work')).toHaveLength(1);
  });

  it('that are left without a word close when they are collected', async () => {
    await (async () => {
      const g = work(3);
      await g.next();
    })();
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--expose-gc');
    const { runInNewContext } = await import('node:vm');
    const gc = runInNewContext('gc') as () => void;
    for (let i = 0; i < 50 && !seen.spans.some(({ name }) => name === 'work'); i++) {
      gc();
      await sleep(5);
    }
    expect(seen.named('work').attributes).toMatchObject({ 'sonde.abandoned': true });
    expect(seen.named('work').ms).toBeLessThan(60_000);
  });
});

describe('async iterables and streams', () => {
  it('an iterable that is no iterator', async () => {
    const lines = traced('lines', () => ({
      async *[Symbol.asyncIterator]() {
        child('line');
        yield 'a';
      },
    }));
    for await (const line of lines()) expect(line).toBe('a');
    expectChild('line', 'lines');
  });

  it('a stream of Node lasts until its end; nothing is read before', async () => {
    let reads = 0;
    const read = traced(
      'read',
      () =>
        new Readable({
          read() {
            this.push(reads++ < 2 ? 'x' : null);
          },
        }),
    );
    const stream = read();
    await sleep(2);
    expect([reads, seen.spans.length, stream.listenerCount('data'), stream.listenerCount('error')]).toEqual([0, 0, 0, 0]);
    for await (const _ of stream);
    expect(seen.named('read').status).toBe(0);
  });

  it('a stream that fails fails the span; one that is destroyed early does not', async () => {
    const failing = traced(
      'failing',
      () =>
        new Readable({
          read() {
            this.destroy(new Error('disk'));
          },
        }),
    )();
    await new Promise((resolve) =>
      failing
        .on('error', () => undefined)
        .on('close', resolve)
        .resume(),
    );
    expect(seen.named('failing')).toMatchObject({ status: 2, message: 'disk' });
    const left = traced('left', () => new PassThrough())();
    left.destroy();
    await once(left, 'close');
    expect(seen.named('left').status).toBe(0);
  });

  it('an error that nobody listens for still ends the process', () => {
    const stream = traced('unheard', () => new PassThrough())();
    expect(() => stream.emit('error', new Error('unheard'))).toThrow('unheard');
  });

  it('a writable lasts until it has finished', async () => {
    const sink = traced('sink', () => new Writable({ write: (_chunk, _encoding, done) => done() }))();
    sink.write('x');
    await sleep(1);
    expect(seen.spans).toHaveLength(0);
    sink.end();
    await once(sink, 'finish');
    expect(seen.named('sink').status).toBe(0);
  });

  const source = (): ReadableStream<string> =>
    new ReadableStream({
      start(controller) {
        controller.enqueue('a');
        controller.enqueue('b');
        controller.close();
      },
    });

  it.each([
    [
      'for await',
      async (stream: ReadableStream<string>) => {
        let all = '';
        for await (const part of stream) all += part;
        return all;
      },
    ],
    [
      'a reader',
      async (stream: ReadableStream<string>) => {
        const r = stream.getReader();
        let all = '';
        for (let s = await r.read(); !s.done; s = await r.read()) all += s.value;
        return all;
      },
    ],
    [
      'pipeTo',
      async (stream: ReadableStream<string>) => {
        let all = '';
        await stream.pipeTo(
          new WritableStream({
            write: (part) => {
              all += part;
            },
          }),
        );
        return all;
      },
    ],
    [
      'pipeThrough',
      async (stream: ReadableStream<string>) => {
        let all = '';
        for await (const part of stream.pipeThrough(new TransformStream<string, string>())) all += part;
        return all;
      },
    ],
    ['Response', async (stream: ReadableStream<string>) => new Response(stream.pipeThrough(new TextEncoderStream())).text()],
  ])('a stream of the web, used up by %s', async (_how, use) => {
    const stream = traced('web', source)();
    expect(stream).toBeInstanceOf(ReadableStream);
    expect(seen.spans).toHaveLength(0);
    expect(await use(stream)).toBe('ab');
    await sleep(1);
    expect(seen.named('web').status).toBe(0);
  });

  it('a stream of the web that fails fails the span; a released reader does not', async () => {
    const stream = traced('web', () => new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) }))();
    const reader = stream.getReader();
    reader.releaseLock();
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow('gone');
    expect(seen.named('web')).toMatchObject({ status: 2, message: 'gone' });
  });

  it("until: 'return' ends the span with the function", () => {
    const fn = traced({ name: 'early', until: 'return' }, () => new PassThrough());
    fn();
    expect(seen.named('early').status).toBe(0);
  });
});

describe('callback-last functions', () => {
  type Callback = (error: Error | null, value?: number) => void;
  const load = traced('load', { callback: true }, (value: number, done: Callback): void => {
    child('inside');
    setTimeout(() => (value < 0 ? done(new Error('negative')) : done(null, value * 2)), 2);
  });

  it('last until the callback, which runs in the scope of its user', async () => {
    const [value, name] = await span(
      'user',
      () => new Promise<[number | undefined, string | undefined]>((resolve) => load(4, (_error, result) => resolve([result, currentScope().span?.name]))),
    );
    expect([value, name]).toEqual([8, 'user']);
    expectChild('inside', 'load');
    expectChild('load', 'user');
  });

  it('fail by the first argument', async () => {
    const error = await new Promise((resolve) => load(-1, resolve));
    expect(error).toBeInstanceOf(Error);
    expect(seen.named('load')).toMatchObject({ status: 2, message: 'negative' });
  });

  it('work with promisify', async () => {
    expect(await promisify(load)(3)).toBe(6);
    expect(seen.named('load').status).toBe(0);
  });
});

describe('constructors', () => {
  it('a function that is called with `new`', () => {
    const Point = traced('Point', function Point(this: { x: number }, x: number) {
      child('making');
      this.x = x;
    });
    const point = new (Point as unknown as new (x: number) => { x: number })(4);
    expect(point.x).toBe(4);
    expect(point).toBeInstanceOf(Point);
    expectChild('making', 'Point');
  });

  it('arrows, methods and async functions still refuse `new`', () => {
    for (const fn of [traced(() => 1), traced(async function f() {}), traced({ m() {} }.m), traced(function* g() {})]) {
      expect(() => Reflect.construct(fn, [])).toThrow(TypeError);
    }
  });
});
