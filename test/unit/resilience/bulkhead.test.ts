import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Latch } from '../../../src/core/latch.ts';
import { narrowLimit, withSignal } from '../../../src/core/limit.ts';
import { currentScope, runInScope, Scope } from '../../../src/core/scope.ts';
import { type AnyFunction, stack } from '../../../src/core/wrapper.ts';
import { errorIdOf } from '../../../src/errors/report.ts';
import { type BulkheadOptions, bulkhead } from '../../../src/resilience/bulkhead.ts';
import { BulkheadFull } from '../../../src/resilience/bulkhead-places.ts';
import { manualClock } from '../../../src/testing/manual-clock.ts';
import { span } from '../../../src/trace/span.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordEach } from '../record-each.ts';
import { thrown } from '../thrown.ts';

const telemetry = recordEach();

/** A job that ends when it is told to. */
class Job {
  readonly started = new Latch();
  readonly #end = new Latch<() => string>();
  readonly run = async (): Promise<string> => {
    this.started.release();
    return (await this.#end.promise)();
  };
  end(): void {
    this.#end.release(() => 'done');
  }
  fail(error: unknown): void {
    this.#end.release(() => {
      throw error;
    });
  }
}

const jobs = (count: number): Job[] => Array.from({ length: count }, () => new Job());
const runJob = async (job: Job): Promise<string> => job.run();
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const metric = (what: string, name: string): unknown => telemetry.now.metric(`resilience4j_bulkhead_${what}`, { name });

describe('places', () => {
  it('are given in the order of the calls, and each is given back', async () => {
    const own = bulkhead({ name: 'order', max: 2, queue: 3 });
    const run = own(runJob);
    const all = jobs(5);
    const order: number[] = [];
    const calls = all.map(async (job, i) => {
      const result = await run(job);
      order.push(i);
      return result;
    });
    await settled();
    expect([own.available, own.waiting, all.map((job) => job.started.released)]).toEqual([0, 3, [true, true, false, false, false]]);
    all[1]?.end();
    await settled();
    expect([own.available, own.waiting, all.map((job) => job.started.released)]).toEqual([0, 2, [true, true, true, false, false]]);
    for (const job of all) job.end();
    expect(await Promise.all(calls)).toEqual(all.map(() => 'done'));
    expect(order[0]).toBe(1);
    expect([own.available, own.waiting]).toEqual([2, 0]);
  });

  it('come back where a call throws, rejects or answers at once', async () => {
    const own = bulkhead({ max: 1 });
    const fail = own((): never => {
      throw new Error('no');
    });
    expect(thrown(fail)).toMatchObject({ message: 'no' });
    await expect(own(async () => Promise.reject(new Error('later')))()).rejects.toThrow('later');
    expect(own(() => 7)()).toBe(7);
    expect(await own(() => ({ then: (ok: (value: number) => void) => ok(8) }))()).toBe(8);
    expect(own.available).toBe(1);
  });

  it('are kept by a promise that never settles', async () => {
    const own = bulkhead({ max: 1 });
    const hang = own(() => new Promise(() => {}));
    void hang();
    await settled();
    await expect(hang()).rejects.toBeInstanceOf(BulkheadFull);
  });

  it('are one set for bulkheads of one name, and for all functions of one bulkhead', async () => {
    const job = new Job();
    const first = bulkhead('shared', { max: 1 }, runJob);
    const second = bulkhead('shared', { max: 1 }, async () => 'second');
    const call = first(job);
    await expect(second()).rejects.toBeInstanceOf(BulkheadFull);
    job.end();
    await call;
    expect(await second()).toBe('second');
    expect(() => bulkhead('shared', { max: 2 })).toThrow('Cannot make bulkhead "shared": it exists with another "max"');
  });

  it('go to nobody who comes while others wait', async () => {
    const own = bulkhead({ max: 1, queue: 1 });
    const run = own(runJob);
    const [first, second] = jobs(2) as [Job, Job];
    const calls = [run(first), run(second)];
    first.end();
    let newcomer: unknown;
    void calls[0]?.then(() => {
      newcomer = thrown(own(() => 1));
    });
    await calls[0];
    expect(newcomer).toBeInstanceOf(BulkheadFull);
    second.end();
    expect(await calls[1]).toBe('done');
  });

  it('of a call that calls itself are two', async () => {
    const own = bulkhead({ max: 2 });
    const nest: (depth: number) => Promise<number> = own(async (depth: number): Promise<number> => (depth === 0 ? 0 : 1 + (await nest(depth - 1))));
    expect(await nest(1)).toBe(1);
    await expect(nest(2)).rejects.toBeInstanceOf(BulkheadFull);
    expect(own.available).toBe(2);
  });
});

describe('a refusal', () => {
  it('is thrown by what answers at once, and rejected by what does not', async () => {
    const own = bulkhead({ name: 'refuses', max: 1, queue: 0 });
    const job = new Job();
    const call = own(runJob)(job);
    const refused = thrown(own(() => 1));
    expect(refused).toBeInstanceOf(BulkheadFull);
    expect(refused).toMatchObject({
      code: 'sonde/bulkhead-full',
      status: 503,
      data: { max: 1, queue: 0, waitedMs: 0 },
      message: 'Bulkhead "refuses" refuses a call: 1 of 1 places are taken, 0 of 0 calls wait',
    });
    const rejected = own(async () => 1)();
    await expect(rejected).rejects.toBeInstanceOf(BulkheadFull);
    job.end();
    await call;
  });

  it('meets a call that cannot wait though there is a queue, a promise of a plain function included until it gave its first', async () => {
    const own = bulkhead({ max: 1, queue: 5 });
    const plain = own((value: number) => Promise.resolve(value));
    const hold = own(runJob);
    const [first, second] = jobs(2) as [Job, Job];
    const one = hold(first);
    expect(thrown(own(() => 1))).toBeInstanceOf(BulkheadFull);
    expect(thrown(() => plain(1))).toBeInstanceOf(BulkheadFull);
    first.end();
    await one;
    expect(await plain(2)).toBe(2);
    const two = hold(second);
    const waits = plain(3);
    expect(own.waiting).toBe(1);
    second.end();
    expect([await two, await waits]).toEqual(['done', 3]);
  });

  it('has an error ID, an event on the running span and counts', async () => {
    const own = bulkhead({ name: 'told', max: 1 });
    const job = new Job();
    const call = own(runJob)(job);
    expect([metric('available_concurrent_calls', 'told'), metric('max_allowed_concurrent_calls', 'told'), metric('refused_calls_total', 'told')]).toEqual([
      0, 1, 0,
    ]);
    const refused = span('caller', () => thrown(own(() => 1)));
    expect(metric('refused_calls_total', 'told')).toBe(1);
    expect(telemetry.now.errors.map((record) => [record['error.id'], record['level'], record['sonde.resilience.name']])).toEqual([
      [errorIdOf(refused), 'warn', 'told'],
    ]);
    expect(telemetry.now.spans[0]?.events).toMatchObject([
      { name: 'bulkhead.refused', attributes: { 'sonde.resilience.name': 'told', 'sonde.resilience.max': 1, 'sonde.resilience.waiting': 0 } },
    ]);
    job.end();
    await call;
    expect(metric('available_concurrent_calls', 'told')).toBe(1);
  });
});

describe('a call that waits', () => {
  it('is refused when it waited for as long as it may, and those behind it in their turn', async () => {
    using time = manualClock();
    const own = bulkhead({ name: 'late', max: 1, queue: 5, maxWait: '2s' });
    const run = own(runJob);
    const job = new Job();
    const call = run(job);
    const refused: unknown[] = [];
    const wait = (): Promise<unknown> => run(new Job()).catch((error: unknown) => refused.push(error));
    void wait();
    await time.advance('1s');
    void wait();
    await time.advance('999ms');
    expect([refused.length, own.waiting]).toEqual([0, 2]);
    await time.advance('1ms');
    expect(refused).toMatchObject([
      { data: { waitedMs: 2_000 }, message: 'Bulkhead "late" refuses a call: no place after 2s, 1 of 1 places are taken, 1 of 5 calls wait' },
    ]);
    await time.advance('1s');
    expect([refused.length, own.waiting]).toEqual([2, 0]);
    job.end();
    await call;
    expect(own.available).toBe(1);
    expect(telemetry.now.metric('resilience4j_bulkhead_wait_seconds', { name: 'late' })).toBe(2);
  });

  it('leaves at once when its scope is aborted, with the reason, and takes nothing', async () => {
    const own = bulkhead({ max: 1, queue: 3 });
    const run = own(runJob);
    const [first, gone, stays] = jobs(3) as [Job, Job, Job];
    const call = run(first);
    const controller = new AbortController();
    const reason = new Error('the client left');
    const leaving = withSignal(controller.signal, () => run(gone));
    const staying = run(stays);
    controller.abort(reason);
    await expect(leaving).rejects.toBe(reason);
    expect([own.waiting, gone.started.released, telemetry.now.errors.length]).toEqual([1, false, 0]);
    expect(getEventListeners(controller.signal, 'abort').length).toBeLessThanOrEqual(1); // the one of the scope's own note
    first.end();
    stays.end();
    expect([await call, await staying, own.available]).toEqual(['done', 'done', 1]);
  });

  it('gives its place on where it is aborted in the very moment it gets it', async () => {
    const own = bulkhead({ max: 1, queue: 1 });
    const run = own(runJob);
    const [first, gone] = jobs(2) as [Job, Job];
    const call = run(first);
    const controller = new AbortController();
    const leaving = withSignal(controller.signal, () => run(gone));
    first.end();
    void call.then(() => controller.abort(new Error('now')));
    await expect(leaving).rejects.toThrow('now');
    expect([gone.started.released, own.available]).toEqual([false, 1]);
  });

  it('is not made under a signal that is aborted already', async () => {
    const own = bulkhead({ max: 1, queue: 1 });
    const run = own(runJob);
    const job = new Job();
    const call = run(job);
    await expect(withSignal(AbortSignal.abort(new Error('over')), () => run(new Job()))).rejects.toThrow('over');
    expect(own.waiting).toBe(0);
    job.end();
    await call;
  });

  it('ends at its deadline', async () => {
    const own = bulkhead({ max: 1, queue: 1 });
    const run = own(runJob);
    const job = new Job();
    const call = run(job);
    const scope = new Scope(currentScope());
    const deadline = new AbortController();
    scope.limit = narrowLimit(undefined, 0, deadline.signal);
    const late = runInScope(scope, () => run(new Job()));
    deadline.abort(new DOMException('The deadline has passed', 'TimeoutError'));
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' });
    job.end();
    await call;
  });

  it('runs in its own scope', async () => {
    const own = bulkhead({ max: 1, queue: 1 });
    const job = new Job();
    const call = own(runJob)(job);
    const { signal } = new AbortController();
    const seen = withSignal(signal, () => own(async () => currentScope().limit?.signal)());
    job.end();
    await call;
    expect(await seen).toBe(signal);
  });
});

describe('a generator', () => {
  async function* pages(count: number): AsyncGenerator<number, string, string | undefined> {
    for (let page = 1; page <= count; page++) if ((yield page) === 'stop') return 'stopped';
    return 'done';
  }
  const none = (own: { available: number; waiting: number }): void => expect([own.available, own.waiting]).toEqual([1, 0]);

  it('takes a place with its first step, waits for it, and gives it back when it is over', async () => {
    const own = bulkhead({ max: 1, queue: 2 });
    const read = own(pages);
    const [first, second] = [read(2), read(1)];
    none(own);
    expect(await first.next()).toEqual({ value: 1, done: false });
    const waits = second.next();
    const behind = second.next();
    expect([own.available, own.waiting]).toEqual([0, 1]);
    expect(await first.next()).toEqual({ value: 2, done: false });
    expect(await first.next()).toEqual({ value: 'done', done: true });
    expect([await waits, await behind, await second.next()]).toEqual([
      { value: 1, done: false },
      { value: 'done', done: true },
      { value: undefined, done: true },
    ]);
    none(own);
  });

  it('gives it back where it is left, or fails', async () => {
    const own = bulkhead({ max: 1 });
    const read = own(stack(traced('pages'))(pages)); // also below another wrapper
    for await (const page of read(3)) if (page === 2) break;
    none(own);
    const broken = read(3);
    await broken.next();
    await expect(broken.throw(new Error('no'))).rejects.toThrow('no');
    none(own);
    await read(3).return('early');
    none(own);
    const fails = own(async function* (): AsyncGenerator<number> {
      yield 1;
      throw new Error('half-way');
    })();
    await fails.next();
    await expect(fails.next()).rejects.toThrow('half-way');
    none(own);
  });

  it('is refused with its first step, and may try again', async () => {
    const own = bulkhead({ max: 1 });
    const read = own(pages);
    const [first, second] = [read(1), read(1)];
    await first.next();
    await expect(second.next()).rejects.toBeInstanceOf(BulkheadFull);
    await first.return('done');
    expect(await second.next()).toEqual({ value: 1, done: false });
    await second.return('done');
    none(own);
  });

  it('holds a place also where it answers at once', () => {
    const own = bulkhead({ max: 1, queue: 1 });
    const count = own(function* (to: number): Generator<number> {
      for (let i = 1; i <= to; i++) yield i;
    });
    expect([...count(3)]).toEqual([1, 2, 3]);
    none(own);
    const first = count(2);
    first.next();
    expect(thrown(() => count(1).next())).toBeInstanceOf(BulkheadFull);
    first.return(undefined);
    none(own);
  });
});

describe('the wrapper', () => {
  it('keeps type, name, length and this, as a decorator of both forms too', async () => {
    class Shop {
      stock = 3;
      @bulkhead({ max: 1 }) left(_plan: string, _more?: number): number {
        return this.stock;
      }
      @bulkhead async later(): Promise<number> {
        return this.stock;
      }
      legacy(): number {
        return this.stock;
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'legacy') as TypedPropertyDescriptor<() => number>;
    Object.defineProperty(Shop.prototype, 'legacy', bulkhead({ max: 2 })(Shop.prototype, 'legacy', descriptor) as PropertyDescriptor);
    const shop = new Shop();
    expect([shop.left('a'), await shop.later(), shop.legacy(), shop.left.name, shop.left.length]).toEqual([3, 3, 3, 'left', 2]);
    expect([metric('max_allowed_concurrent_calls', 'Shop.later'), metric('max_allowed_concurrent_calls', 'Shop.legacy')]).toEqual([10, 2]);
  });

  it('without a name is named after its first function, with places of its own', async () => {
    const own = bulkhead({ max: 3 });
    const loadA = own(async function loadOrders() {});
    own(async function other() {});
    bulkhead({ max: 4 }, async function loadOrders() {});
    await loadA();
    expect([metric('max_allowed_concurrent_calls', 'loadOrders'), metric('max_allowed_concurrent_calls', 'loadOrders#2')]).toEqual([3, 4]);
    expect(metric('max_allowed_concurrent_calls', 'other')).toBeUndefined();
  });

  it.each<[object, string]>([
    [{ max: 0 }, 'Cannot make bulkhead: its max is 0, expected a whole number from 1'],
    [{ max: 1.5 }, 'Cannot make bulkhead: its max is 1.5, expected a whole number from 1'],
    [{ max: '3' }, 'Cannot make bulkhead: its max is 3, expected a whole number from 1'],
    [{ queue: -1 }, 'Cannot make bulkhead: its queue is -1, expected a whole number from 0'],
    [{ queue: Number.POSITIVE_INFINITY }, 'Cannot make bulkhead: its queue is Infinity, expected a whole number from 0'],
    [{ name: 'a', queue: 1, maxWait: 500 }, 'Cannot make bulkhead "a": its maxWait is "500", expected a duration such as "500ms"'],
    [{ maxWait: '1s' }, 'Cannot make bulkhead: its maxWait is "1s" but its queue is 0, expected a queue of 1 or more'],
    [{ maxWiat: '1s' }, 'Cannot make bulkhead: unknown option "maxWiat", did you mean "maxWait"? expected some of name, max, queue, maxWait'],
  ])('refuses %j where it is made', (options, message) => {
    expect(() => bulkhead(options as BulkheadOptions)).toThrow(new TypeError(message));
    expect(() => (bulkhead as AnyFunction)('b', { ...options, name: 'b' }, () => {})).toThrow(TypeError);
  });
});
