import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { clock } from '../../../src/core/clock.ts';
import { narrowLimit, withSignal } from '../../../src/core/limit.ts';
import { currentScope, runInScope, Scope } from '../../../src/core/scope.ts';
import type { AnyFunction } from '../../../src/core/wrapper.ts';
import { errorIdOf } from '../../../src/errors/report.ts';
import { type RateLimitOptions, rateLimit } from '../../../src/resilience/rate-limit.ts';
import { RateLimited } from '../../../src/resilience/rate-limit-member.ts';
import { manualClock } from '../../../src/testing/manual-clock.ts';
import { span } from '../../../src/trace/span.ts';
import { recordEach } from '../record-each.ts';
import { thrown } from '../thrown.ts';

const telemetry = recordEach();

const metric = (what: string, name: string): unknown => telemetry.now.metric(`resilience4j_ratelimiter_${what}`, { name });
/** Runs under a deadline so far from now, whose signal nobody aborts. */
const withDeadline = <T>(ms: number, fn: () => T): T => {
  const scope = new Scope(currentScope());
  scope.limit = narrowLimit(undefined, clock.mono() + ms, new AbortController().signal);
  return runInScope(scope, fn);
};
const send = async (what: string | number = 'sent'): Promise<string> => String(what);

describe('what is let pass', () => {
  it('is the burst at once, then the rate', async () => {
    using time = manualClock();
    const limited = rateLimit({ rate: 10, per: '1s', burst: 2 }, (n: number) => n);
    expect([limited(1), limited(2)]).toEqual([1, 2]);
    expect(thrown(() => limited(3))).toBeInstanceOf(RateLimited);
    await time.advance('99ms');
    expect(thrown(() => limited(4))).toBeInstanceOf(RateLimited);
    await time.advance('1ms');
    expect(limited(5)).toBe(5);
    await time.advance('10s');
    expect([limited(6), limited(7)]).toEqual([6, 7]);
    expect(thrown(() => limited(8))).toBeInstanceOf(RateLimited);
  });

  it.each<[RateLimitOptions, number]>([
    [{ rate: 5 }, 5],
    [{ rate: 0.5 }, 1],
    [{ rate: 2.5, per: '1m' }, 2],
    [{ rate: 0 }, 0],
    [{ rate: 0, burst: 3 }, 3],
    [{ rate: 100, burst: 0 }, 0],
    [
      {
        tiers: [
          { rate: 10, burst: 20 },
          { rate: 7, per: '1h' },
        ],
      },
      7,
    ],
  ])('by %j at first is %i calls', (options, count) => {
    using _time = manualClock();
    const limiter = rateLimit(options);
    const limited = limiter(() => 1);
    for (let i = 0; i < count; i++) limited();
    expect(thrown(limited)).toBeInstanceOf(RateLimited);
  });

  it('is everything at an infinite rate', () => {
    const limiter = rateLimit({ name: 'infinite', rate: Number.POSITIVE_INFINITY });
    const limited = limiter(() => 1);
    for (let i = 0; i < 1_000; i++) limited();
    expect([limiter.available, limiter.tryAcquire(5_000), limiter.reserve(5_000).delayMs]).toEqual([Number.POSITIVE_INFINITY, true, 0]);
    expect(metric('available_permissions', 'infinite')).toBeUndefined();
  });

  it('takes nothing of one tier where another one refuses', async () => {
    using time = manualClock();
    const limiter = rateLimit({
      tiers: [
        { rate: 1, per: '1m', burst: 3 },
        { rate: 1, per: '1s', burst: 1 },
      ],
    });
    for (let second = 0; second < 3; second++) {
      expect([limiter.tryAcquire(), limiter.tryAcquire(), limiter.tryAcquire()]).toEqual([true, false, false]);
      await time.advance('1s');
    }
    expect(limiter.available).toBeCloseTo(3 / 60);
  });

  it('costs what its arguments say', async () => {
    using time = manualClock();
    const limiter = rateLimit({ rate: 10, burst: 10, cost: (rows: string[]) => rows.length / 2 });
    const insert = limiter((rows: string[]) => rows.length);
    expect([insert(Array(16).fill('row')), limiter.available]).toEqual([16, 2]);
    expect(thrown(() => insert(Array(5).fill('row')))).toMatchObject({ data: { limit: 10, perMs: 1_000, retryAfterMs: 50 } });
    await time.advance('50ms');
    expect(insert(Array(5).fill('row'))).toBe(5);
  });

  it.each([
    ['more than 0', () => -1],
    ['a number', () => Number.NaN],
    ['a number', () => '3' as never],
    [
      'not thrown',
      () => {
        throw new Error('no cost');
      },
    ],
  ])('costs 1 where the cost is not %s: a call is not failed for it', (_what, cost) => {
    using _time = manualClock();
    const limiter = rateLimit({ rate: 1, burst: 5, cost });
    expect(limiter(() => 7)()).toBe(7);
    expect(limiter.available).toBe(4);
  });
});

describe('keys', () => {
  it('have buckets of their own, the last used ones are kept, and no label tells them', () => {
    using _time = manualClock();
    const limiter = rateLimit({ name: 'keyed', rate: 1, per: '1h', burst: 2, key: (user: string) => user, maxKeys: 2 });
    const greet = limiter((user: string) => user);
    expect([greet('ann'), greet('ann'), greet('bob')]).toEqual(['ann', 'ann', 'bob']);
    expect(thrown(() => greet('ann'))).toBeInstanceOf(RateLimited);
    expect(limiter.available).toBe(0);
    greet('bob');
    greet('cid'); // ann was used before bob
    expect(thrown(() => greet('bob'))).toBeInstanceOf(RateLimited);
    expect(greet('ann')).toBe('ann');
    expect(JSON.stringify(telemetry.now.errors)).not.toMatch(/"ann"|"bob"/);
    expect(metric('refused_calls_total', 'keyed')).toBe(2);
  });

  it('that are none, or cannot be read, share a bucket', () => {
    using _time = manualClock();
    const limiter = rateLimit({
      rate: 1,
      burst: 1,
      key: (what: unknown) => {
        if (what === 'throw') throw new Error('no key');
        return what;
      },
    });
    const limited = limiter((_what: unknown) => 1);
    expect(limited(undefined)).toBe(1);
    for (const none of [null, 'throw', undefined]) expect(thrown(() => limited(none))).toBeInstanceOf(RateLimited);
    expect(limited('other')).toBe(1);
    expect([limiter.tryAcquire(1, 'other'), limiter.tryAcquire(1, 'third'), limiter.reserve(1, 'third').delayMs]).toEqual([false, true, 1_000]);
  });
});

describe('a call that waits', () => {
  it('is served in its turn, the process held', async () => {
    using time = manualClock();
    const limiter = rateLimit({ name: 'turns', rate: 10, burst: 1, wait: true });
    const limited = limiter(send);
    const served: string[] = [];
    for (const i of [1, 2, 3, 4]) void limited(i).then((what) => served.push(`${what}@${clock.mono() - 1_000}`));
    await time.advance('0ms');
    expect([served, limiter.available, metric('waiting_threads', 'turns')]).toEqual([['1@0'], -3, 3]);
    await time.advance('250ms');
    expect(served).toEqual(['1@0', '2@100', '3@200']);
    void limited(5).then((what) => served.push(`${what}@${clock.mono() - 1_000}`));
    await time.advance('1s');
    expect(served).toEqual(['1@0', '2@100', '3@200', '4@300', '5@400']);
    expect([metric('waiting_threads', 'turns'), metric('wait_seconds', 'turns'), time.waiting]).toEqual([0, 4, 0]);
  });

  it('is refused at once where it would wait too long, and takes nothing', async () => {
    using _time = manualClock();
    const limiter = rateLimit({ name: 'bounded', rate: 10, burst: 1, wait: '150ms' });
    const limited = limiter(send);
    await limited();
    void limited();
    await expect(limited()).rejects.toMatchObject({
      message: 'Rate limit "bounded" refuses a call: 10 per 1s are used up, it would pass in 200ms, longer than the 150ms that it may wait',
      data: { limit: 10, perMs: 1_000, retryAfterMs: 200 },
    });
    expect(limiter.available).toBe(-1);
  });

  it('is refused at once where it would wait past its deadline', async () => {
    using _time = manualClock();
    const limited = rateLimit({ rate: 10, burst: 1, wait: true })(send);
    await withDeadline(50, limited);
    await expect(withDeadline(99, limited)).rejects.toThrow('it would pass in 100ms, past its deadline in 99ms');
    const inTime = withDeadline(100, limited);
    await expect(withDeadline(150, limited)).rejects.toThrow('it would pass in 200ms, past its deadline in 150ms');
    await _time.advance('100ms');
    expect(await inTime).toBe('sent');
  });

  it('gives its tokens back when its scope is aborted', async () => {
    using time = manualClock();
    const limiter = rateLimit({ rate: 10, burst: 3, wait: true, cost: (n: number) => n });
    const limited = limiter(send);
    await limited(2);
    const controller = new AbortController();
    const reason = new Error('the client left');
    const leaving = withSignal(controller.signal, () => limited(3));
    await time.advance('100ms');
    expect(limiter.available).toBe(-1);
    controller.abort(reason);
    await expect(leaving).rejects.toBe(reason);
    expect([limiter.available, await limited(2), telemetry.now.errors.length]).toEqual([2, '2', 0]);
    expect(getEventListeners(controller.signal, 'abort').length).toBeLessThanOrEqual(1); // the one of the scope's own note
    await expect(withSignal(controller.signal, () => limited(3))).rejects.toBe(reason);
    expect([limiter.available, time.waiting]).toEqual([0, 0]);
  });

  it('is not overtaken by one that costs less and may wait', async () => {
    using time = manualClock();
    const limiter = rateLimit({ rate: 10, burst: 5, wait: true, cost: (n: number) => n });
    const limited = limiter(send);
    const served: string[] = [];
    const call = (n: number): void => void limited(n).then((what) => served.push(what));
    await limited(5);
    const controller = new AbortController();
    const gone = withSignal(controller.signal, () => limited(4)).catch(() => {});
    call(2); // in 600 ms
    await time.advance('200ms');
    controller.abort();
    await gone; // what it gives back makes room before the one that waits
    call(0.5);
    await time.advance('399ms');
    expect(served).toEqual([]);
    await time.advance('1ms');
    expect(served).toEqual(['2', '0.5']);
  });

  it('never is one that answers at once', () => {
    using _time = manualClock();
    const limited = rateLimit({ rate: 1, wait: true }, (n: number) => n);
    expect(limited(1)).toBe(1);
    expect(thrown(() => limited(2))).toBeInstanceOf(RateLimited);
  });

  it('may be a generator, with its first step', async () => {
    using time = manualClock();
    const rows = rateLimit({ rate: 1, wait: true }, async function* (): AsyncGenerator<number> {
      yield 1;
      yield 2;
    });
    const [first, second] = [rows(), rows()];
    expect([(await first.next()).value, (await first.next()).value]).toEqual([1, 2]);
    let value: unknown;
    void second.next().then((step) => {
      value = step.value;
    });
    await time.advance('999ms');
    expect(value).toBeUndefined();
    await time.advance('1ms');
    expect(value).toBe(1);
  });
});

describe('a refusal', () => {
  it('has an error ID, an event on the running span, counts, and says when to come again', () => {
    using _time = manualClock();
    const limited = rateLimit('told', { rate: 3, per: '1m', burst: 1 }, () => 1);
    expect([metric('available_permissions', 'told'), metric('waiting_threads', 'told'), metric('refused_calls_total', 'told')]).toEqual([1, 0, 0]);
    limited();
    const refused = span('caller', () => thrown(limited));
    expect(refused).toMatchObject({
      code: 'sonde/rate-limited',
      status: 429,
      data: { limit: 3, perMs: 60_000, retryAfterMs: 20_000 },
      message: 'Rate limit "told" refuses a call: 3 per 1m are used up, it would pass in 20s',
    });
    expect([metric('available_permissions', 'told'), metric('refused_calls_total', 'told')]).toEqual([0, 1]);
    expect(telemetry.now.errors.map((record) => [record['error.id'], record['level'], record['sonde.resilience.name']])).toEqual([
      [errorIdOf(refused), 'warn', 'told'],
    ]);
    expect(telemetry.now.spans[0]?.events).toMatchObject([
      { name: 'rate_limit.refused', attributes: { 'sonde.resilience.name': 'told', 'sonde.resilience.retry_after_ms': 20_000 } },
    ]);
  });

  it('of what never passes says no time', async () => {
    const limited = rateLimit('never', { rate: 3, burst: 5, cost: () => 6, wait: true })(send);
    await expect(limited()).rejects.toMatchObject({
      message: 'Rate limit "never" refuses a call: 3 per 1s are used up, it costs 6, which a burst of 5 never lets pass',
      data: { limit: 3, perMs: 1_000 },
    });
    expect(((await limited().catch((error: unknown) => error)) as { data: object }).data).not.toHaveProperty('retryAfterMs');
    const none = rateLimit('none', { rate: 0, burst: 1, wait: true })(send);
    await none();
    await expect(none()).rejects.toThrow('Rate limit "none" refuses a call: 0 per 1s are used up, no more will come');
  });

  it('in thousands leaves nothing behind: neither those who wait nor timers', async () => {
    using time = manualClock();
    const limiter = rateLimit({ rate: 1, wait: '1ms' });
    const limited = limiter(send);
    await limited();
    const refused = await Promise.allSettled(Array.from({ length: 2_000 }, () => limited()));
    expect(refused.every(({ status }) => status === 'rejected')).toBe(true);
    expect([limiter.available, time.waiting <= 1]).toEqual([0, true]); // the error records' own vitals may have a timer
  });
});

describe('the limiter itself', () => {
  it('is asked as Go’s is', async () => {
    using time = manualClock();
    const limiter = rateLimit('asked', { rate: 10, burst: 2 });
    expect([limiter.tryAcquire(3), limiter.tryAcquire(2), limiter.tryAcquire(), limiter.available]).toEqual([false, true, false, 0]);
    const [first, second] = [limiter.reserve(), limiter.reserve(2)];
    expect([first.ok, first.delayMs, second.delayMs, limiter.reserve(3)]).toMatchObject([true, 100, 300, { ok: false, delayMs: Number.POSITIVE_INFINITY }]);
    second.cancel();
    second.cancel();
    expect([limiter.available, limiter.reserve().delayMs]).toEqual([-1, 200]);
    await time.advance('100ms');
    expect(first.delayMs).toBe(0);
    await time.advance('1ms');
    first.cancel();
    expect(limiter.available).toBeCloseTo(-0.99);
    expect(metric('refused_calls_total', 'asked')).toBe(2);
  });

  it('can be waited for, also where calls are refused at once', async () => {
    using time = manualClock();
    const limiter = rateLimit('waited', { rate: 10, burst: 1 });
    await limiter.wait();
    let passed = false;
    void limiter.wait().then(() => {
      passed = true;
    });
    await time.advance('99ms');
    expect(passed).toBe(false);
    await time.advance('1ms');
    expect(passed).toBe(true);
    await expect(withDeadline(50, () => limiter.wait())).rejects.toBeInstanceOf(RateLimited);
    await expect(limiter.wait(2)).rejects.toBeInstanceOf(RateLimited);
    await expect(rateLimit('waits', { rate: 10, burst: 0, wait: '1s' }).wait()).rejects.toBeInstanceOf(RateLimited);
    await expect(limiter.wait(-1)).rejects.toThrow(new RangeError('Cannot take -1 tokens: expected a number from 0'));
    expect(() => limiter.tryAcquire(Number.NaN)).toThrow(RangeError);
  });
});

describe('the wrapper', () => {
  it('keeps type, name, length and this, as a decorator of both forms too', async () => {
    class Shop {
      stock = 3;
      @rateLimit({ rate: 5 }) left(_plan: string, _more?: number): number {
        return this.stock;
      }
      @rateLimit('shop.later', { rate: 5 }) async later(): Promise<number> {
        return this.stock;
      }
      legacy(): number {
        return this.stock;
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'legacy') as TypedPropertyDescriptor<() => number>;
    Object.defineProperty(Shop.prototype, 'legacy', rateLimit({ rate: 6 })(Shop.prototype, 'legacy', descriptor) as PropertyDescriptor);
    const shop = new Shop();
    expect([shop.left('a'), await shop.later(), shop.legacy(), shop.left.name, shop.left.length]).toEqual([3, 3, 3, 'left', 2]);
    expect([metric('refused_calls_total', 'Shop.left'), metric('refused_calls_total', 'shop.later'), metric('refused_calls_total', 'Shop.legacy')]).toEqual([
      0, 0, 0,
    ]);
  });

  it('of one name is one limit, with the same options', () => {
    using _time = manualClock();
    rateLimit('one', { rate: 1 }, () => 1)();
    expect(thrown(rateLimit('one', { rate: 1 }, () => 1))).toBeInstanceOf(RateLimited);
    expect(() => rateLimit('one', { rate: 2 })).toThrow('Cannot make rateLimit "one": it exists with another "rate"');
    expect(rateLimit({ rate: 1 }, () => 1)()).toBe(1);
  });

  it.each<[object, string]>([
    [{}, 'it has no rate, expected rate and per, or tiers'],
    [{ rate: -1 }, 'its rate is -1, expected a number from 0'],
    [{ rate: Number.NaN }, 'its rate is NaN, expected a number from 0'],
    [{ rate: '10' }, 'its rate is 10, expected a number from 0'],
    [{ rate: 1, per: 1_000 }, 'its per is "1000", expected a duration such as "1s"'],
    [{ rate: 1, per: '0s' }, 'its per is "0s", expected a duration such as "1s"'],
    [{ rate: 1, burst: -1 }, 'its burst is -1, expected a number from 0'],
    [{ rate: 1, burst: Number.POSITIVE_INFINITY }, 'its burst is Infinity, expected a number from 0'],
    [{ tiers: [] }, 'its tiers are no list, or an empty one, expected one tier or more'],
    [{ tiers: [{ rate: 1 }, { per: '1h' }] }, 'its rate is undefined, expected a number from 0'],
    [{ tiers: [null] }, 'its rate is undefined, expected a number from 0'],
    [{ tiers: [{ rate: 1 }], burst: 3 }, 'it has both tiers and a rate, per or burst of its own, expected one of them'],
    [{ rate: 1, wait: 500 }, 'its wait is "500", expected true, false or a duration such as "2s"'],
    [{ rate: 1, cost: 2 }, "its cost is number, expected a function of the call's arguments"],
    [{ rate: 1, key: 'user' }, "its key is string, expected a function of the call's arguments"],
    [{ rate: 1, key: () => 1, maxKeys: 0 }, 'its maxKeys is 0, expected a whole number from 1'],
    [{ rate: 1, maxKeys: 5 }, 'it has maxKeys but no key, expected both'],
    [{ rate: 1, brust: 1 }, 'unknown option "brust", did you mean "burst"? expected some of name, rate, per, burst, tiers, wait, cost, key, maxKeys'],
    [{ tiers: [{ rate: 1, brust: 1 }] }, 'unknown option "brust" of a tier, expected some of rate, per, burst'],
  ])('refuses %j where it is made', (options, message) => {
    expect(() => (rateLimit as AnyFunction)(options)).toThrow(new TypeError(`Cannot make rateLimit: ${message}`));
  });
});
