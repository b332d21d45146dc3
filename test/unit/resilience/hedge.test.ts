import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../src/core/clock.ts';
import { narrowLimit, signal, withSignal } from '../../../src/core/limit.ts';
import { currentScope, runInScope, Scope } from '../../../src/core/scope.ts';
import { stack } from '../../../src/core/wrapper.ts';
import { hedge } from '../../../src/resilience/hedge.ts';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordEach } from '../record-each.ts';

const telemetry = recordEach();
let time: ManualClock;
beforeEach(() => {
  time = manualClock();
});
afterEach(() => {
  expect(time.waiting).toBe(0);
  time.restore();
});

const calls = (name: string): Record<string, number | undefined> => ({
  ...Object.fromEntries(
    ['first', 'hedged_won', 'hedged_lost', 'failed'].map((kind) => [kind, telemetry.now.metric('sonde_hedge_calls_total', { name, kind })]),
  ),
  extra: telemetry.now.metric('sonde_hedge_extra_attempts_total', { name }),
  refused: telemetry.now.metric('sonde_hedge_refused_attempts_total', { name }),
});

interface Run {
  readonly args: readonly unknown[];
  readonly signal: AbortSignal | undefined;
  resolve(value: string): void;
  reject(error: unknown): void;
}

/** An asynchronous function whose runs are settled by the test, or end with their signal. */
function runs() {
  const open: Run[] = [];
  const fn = (...args: unknown[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const own = signal();
      own?.addEventListener('abort', () => reject(own.reason));
      open.push({ args, signal: own, resolve, reject });
    });
  return { fn, open };
}

describe('the second attempt', () => {
  it('begins after the time, and the first that answers is the answer; the other is cancelled', async () => {
    const { fn, open } = runs();
    const read = hedge({ name: 'read', after: '50ms' }, fn);
    const given = read('a', 1);
    await time.advance('49ms');
    expect(open).toHaveLength(1);
    await time.advance('1ms');
    expect(open.map(({ args }) => args)).toEqual([
      ['a', 1],
      ['a', 1],
    ]);
    open[1]?.resolve('second');
    expect(await given).toBe('second');
    expect([open[0]?.signal?.reason, open[1]?.signal?.aborted]).toMatchObject([{ name: 'AbortError' }, false]);
    expect(calls('read')).toEqual({ first: 0, hedged_won: 1, hedged_lost: 0, failed: 0, extra: 1, refused: 0 });
  });

  it('is cancelled where the first answers after all', async () => {
    const { fn, open } = runs();
    const read = hedge({ name: 'first wins', after: '50ms' }, fn);
    const given = read();
    await time.advance('60ms');
    open[0]?.resolve('first');
    expect(await given).toBe('first');
    expect(open.map((run) => run.signal?.aborted)).toEqual([false, true]);
    expect(calls('first wins')).toMatchObject({ hedged_won: 0, hedged_lost: 1, extra: 1 });
  });

  it('does not begin where the first answers in time', async () => {
    const { fn, open } = runs();
    const read = hedge({ name: 'in time', after: '50ms' }, fn);
    const given = read();
    open[0]?.resolve('first');
    expect(await given).toBe('first');
    await time.advance('1s');
    expect(open).toHaveLength(1);
    expect(calls('in time')).toMatchObject({ first: 1, extra: 0 });
  });

  it('begins at once where the first fails', async () => {
    const { fn, open } = runs();
    const read = hedge({ name: 'failed early', after: '50ms' }, fn);
    const given = read();
    open[0]?.reject(new Error('first'));
    await time.advance('0ms');
    open[1]?.resolve('second');
    expect(await given).toBe('second');
    expect(calls('failed early')).toMatchObject({ hedged_won: 1, failed: 0, extra: 1 });
  });

  it('is followed by others, up to the most', async () => {
    const { fn, open } = runs();
    const read = hedge({ after: '10ms', max: 3 }, fn);
    const given = read();
    await time.advance('1s');
    expect(open).toHaveLength(3);
    open[1]?.resolve('second');
    expect(await given).toBe('second');
    expect(open.map((run) => run.signal?.aborted)).toEqual([true, false, true]);
  });

  it('is followed by the third after the time, wherefore it may have begun itself', async () => {
    const { fn, open } = runs();
    const given = hedge({ after: '10ms', max: 3 }, fn)();
    await time.advance('5ms');
    open[0]?.reject(new Error('first'));
    await time.advance('9ms');
    expect(open).toHaveLength(2);
    await time.advance('1ms');
    expect(open).toHaveLength(3);
    open[2]?.resolve('third');
    expect(await given).toBe('third');
  });

  it('may throw or answer at once', async () => {
    let attempt = 0;
    const read = hedge({ after: '10ms', max: 3 }, (): Promise<number> => {
      attempt++;
      if (attempt === 2) throw new Error('at once');
      return attempt === 1 ? new Promise(() => {}) : (3 as never);
    });
    const given = read();
    await time.advance('10ms');
    expect(await given).toBe(3);
  });

  it('does not begin where the budget is spent', async () => {
    const { fn, open } = runs();
    const read = hedge({ name: 'budget', after: '10ms', budget: 0.5 }, fn);
    for (let i = 0; i < 30; i++) {
      const before = open.length;
      const given = read();
      await time.advance('10ms');
      open[before]?.resolve('late');
      await given;
    }
    expect(calls('budget')).toMatchObject({ extra: 24, refused: 6, hedged_lost: 24, first: 6 });
  });

  it('does not begin where it could not end before the deadline', async () => {
    const { fn, open } = runs();
    const read = hedge({ after: '10ms' }, fn);
    const within = (ms: number): Promise<string> => {
      const scope = new Scope(currentScope());
      scope.limit = narrowLimit(undefined, time.mono() + ms, new AbortController().signal);
      return runInScope(scope, read);
    };
    for (let i = 0; i < 20; i++) {
      const given = read();
      await time.advance('5ms');
      open[i]?.resolve('usual');
      await given;
    }
    const tooLate = within(15);
    await time.advance('14ms');
    expect(open).toHaveLength(21);
    const inTime = within(16);
    await time.advance('10ms');
    expect(open).toHaveLength(23);
    open[20]?.resolve('a');
    open[22]?.resolve('b');
    expect(await Promise.all([tooLate, inTime])).toEqual(['a', 'b']);
  });

  it('does not begin for a call that may not run twice', async () => {
    const { fn, open } = runs();
    const send = hedge({ after: '10ms', isSafe: (method) => method === 'GET' }, fn as (method: string) => Promise<string>);
    const [post, get] = [send('POST'), send('GET')];
    await time.advance('20ms');
    expect(open.map(({ args }) => args[0])).toEqual(['POST', 'GET', 'GET']);
    open[0]?.reject(new Error('post'));
    await expect(post).rejects.toThrow('post');
    open[1]?.resolve('get');
    expect([await get, open.length]).toEqual(['get', 3]);
  });

  it('does not begin where `isSafe` throws', async () => {
    const { fn, open } = runs();
    const send = hedge({
      after: '10ms',
      isSafe: () => {
        throw new Error('is safe');
      },
    })(fn);
    const given = send();
    await time.advance('20ms');
    open[0]?.resolve('one');
    expect([await given, open.length]).toEqual(['one', 1]);
  });
});

describe("a percentile of the function's own calls", () => {
  it('is known after enough of them', async () => {
    const { fn, open } = runs();
    const read = hedge('percentile', fn);
    for (let i = 0; i < 20; i++) {
      const given = read();
      await time.advance(i === 19 ? '500ms' : '10ms');
      expect(open).toHaveLength(i + 1);
      open[i]?.resolve('sample');
      await given;
    }
    const slow = read();
    await time.advance('9ms');
    expect(open).toHaveLength(21);
    await time.advance('1ms');
    expect(open).toHaveLength(22);
    open[21]?.resolve('second');
    expect(await slow).toBe('second');
  });
});

it('the percentile does not sink because the slow ones are cut short', async () => {
  const { fn, open } = runs();
  const read = hedge({ after: 'p50', budget: 1 }, fn);
  const call = async (ms: number): Promise<void> => {
    const before = open.length;
    const given = read();
    await time.advance(`${ms}ms`);
    open.slice(before).at(-1)?.resolve('done');
    await given;
  };
  for (let i = 0; i < 20; i++) await call(10);
  expect(open).toHaveLength(20);
  for (let i = 0; i < 60; i++) await call(11);
  expect(open).toHaveLength(140);
  void call(9);
  await time.advance('9ms');
  expect(open).toHaveLength(141);
});

describe('failures', () => {
  it('are that of the attempt that failed first, where all failed; the others are events', async () => {
    const { fn, open } = runs();
    const read = traced('caller', hedge({ name: 'all fail', after: '10ms', max: 3 }, fn));
    const given = read();
    await time.advance('10ms');
    const [first, second, third] = [new TypeError('first'), new RangeError('second'), new Error('third')];
    open[1]?.reject(second);
    await time.advance('0ms');
    open[2]?.reject(third);
    await time.advance('0ms');
    open[0]?.reject(first);
    await expect(given).rejects.toBe(second);
    expect(calls('all fail')).toMatchObject({ failed: 1, extra: 2 });
    expect(
      telemetry.now.spansNamed('caller')[0]?.events.map(({ name, attributes }) => [name, attributes?.['sonde.hedge.attempt'], attributes?.['error.type']]),
    ).toEqual([
      ['hedge', 2, undefined],
      ['hedge', 3, 'RangeError'],
      ['hedge.failed', 3, 'Error'],
      ['hedge.failed', 1, 'TypeError'],
    ]);
  });

  it('wait for the attempts that are under way', async () => {
    const { fn, open } = runs();
    const given = hedge({ after: '10ms' }, fn)();
    await time.advance('10ms');
    open[0]?.reject(new Error('first'));
    await time.advance('1s');
    open[1]?.resolve('second');
    expect(await given).toBe('second');
  });

  it('of the attempt that lost reach nobody', async () => {
    const seen: unknown[] = [];
    const before = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (error) => seen.push(error));
    const open: Run['reject'][] = [];
    const given = hedge({ after: '10ms' }, () => new Promise<string>((resolve, reject) => (open.length === 0 ? open.push(reject) : resolve('second'))))();
    await time.advance('10ms');
    expect(await given).toBe('second');
    open[0]?.(new Error('the loser ignored its signal'));
    await new Promise((resolve) => setImmediate(resolve));
    process.removeAllListeners('unhandledRejection');
    for (const listener of before) process.on('unhandledRejection', listener);
    expect(seen).toEqual([]);
  });
});

describe('a cancellation', () => {
  it('ends the call and all attempts, and is no failure', async () => {
    const { fn, open } = runs();
    const caller = new AbortController();
    const given = withSignal(caller.signal, hedge({ name: 'aborted', after: '10ms', max: 3 }, fn));
    await time.advance('10ms');
    caller.abort(new Error('gone'));
    await expect(given).rejects.toThrow('gone');
    await time.advance('1s');
    expect(open).toHaveLength(2);
    expect(calls('aborted')).toMatchObject({ failed: 0, extra: 1 });
  });

  it('begins no further attempt, though the function does not listen', async () => {
    let resolve = (_value: number): void => {};
    let attempts = 0;
    const caller = new AbortController();
    const read = hedge({ after: '10ms' }, () => {
      attempts++;
      return new Promise<number>((done) => {
        resolve = done;
      });
    });
    const given = withSignal(caller.signal, read);
    caller.abort(new Error('gone'));
    await time.advance('20ms');
    resolve(1);
    expect([await given, attempts]).toEqual([1, 1]);
  });

  it('is listened for no longer than the call takes, however it ends', async () => {
    const caller = new AbortController();
    const ask = hedge({ after: '10ms', budget: 1 }, async (ms: number, isOk: boolean) => {
      void signal();
      await new Promise<void>((resolve) => clock.setTimeout(resolve, ms));
      if (!isOk) throw new Error('no');
    });
    const sync = hedge(() => signal()?.aborted);
    await withSignal(caller.signal, async () => {
      const before = getEventListeners(caller.signal, 'abort').length;
      const all = Promise.allSettled([ask(1, true), ask(15, true), ask(15, false)]);
      expect([sync(), getEventListeners(caller.signal, 'abort').length]).toEqual([false, before + 1]);
      await time.advance('1s');
      await all;
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(before);
    });
  });

  it('of the function by itself goes on to the caller', async () => {
    const { fn, open } = runs();
    const given = hedge({ after: '10ms' }, fn)();
    await time.advance('10ms');
    open[0]?.reject(new DOMException('mine', 'AbortError'));
    await expect(given).rejects.toThrow('mine');
    expect(open[1]?.signal?.aborted).toBe(true);
  });
});

it('attempts are spans of one parent; the one that lost is cancelled, not failed', async () => {
  const { fn, open } = runs();
  const given = traced('caller', hedge({ name: 'spans', after: '10ms' }, traced('attempt', fn)))();
  await time.advance('10ms');
  open[1]?.resolve('second');
  await given;
  await time.advance('0ms');
  const [caller] = telemetry.now.spansNamed('caller');
  const attempts = telemetry.now.spansNamed('attempt');
  expect(attempts.map(({ parentSpanId, attributes, status }) => [parentSpanId, attributes['sonde.cancelled'], status?.code ?? 0])).toEqual(
    expect.arrayContaining([
      [caller?.spanId, undefined, 0],
      [caller?.spanId, true, 0],
    ]),
  );
  expect(caller?.events).toMatchObject([
    { name: 'hedge', attributes: { 'sonde.resilience.name': 'spans', 'sonde.hedge.attempt': 2, 'sonde.hedge.after_ms': 10 } },
    { name: 'hedge.won', attributes: { 'sonde.hedge.attempt': 2 } },
  ]);
});

describe('shapes', () => {
  it('a synchronous function passes', () => {
    const double = hedge({ name: 'sync', after: '10ms' }, (n: number) => n * 2);
    expect([double(2), double.length, calls('sync')]).toEqual([4, 1, { first: 0, hedged_won: 0, hedged_lost: 0, failed: 0, extra: 0, refused: 0 }]);
    const fail = hedge(() => {
      throw new Error('sync');
    });
    expect(fail).toThrow('sync');
  });

  it('a thenable becomes a promise, and what hangs on a promise stays', async () => {
    const thenable = hedge((): PromiseLike<number> => ({ then: (...args: never[]) => Promise.resolve(1).then(...args) }));
    expect(await thenable()).toBe(1);
    const extras = hedge(() => Object.assign(Promise.resolve(1), { pid: 7 }))();
    expect([extras.pid, await extras]).toEqual([7, 1]);
  });

  it('a method keeps its `this`, decorated either way', async () => {
    class Rates {
      base = 'b';
      @hedge({ after: '10ms' })
      async of(pair: string): Promise<string> {
        return `${this.base} ${pair}`;
      }
      async all(): Promise<string> {
        return this.base;
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Rates.prototype, 'all') as TypedPropertyDescriptor<() => Promise<string>>;
    Object.defineProperty(Rates.prototype, 'all', hedge(Rates.prototype, 'all', descriptor) as PropertyDescriptor);
    expect([await new Rates().of('x'), await new Rates().all()]).toEqual(['b x', 'b']);
    expect([calls('Rates.of').first, calls('Rates.all').first]).toEqual([1, 1]);
  });

  it('is a part of a stack', async () => {
    expect(await stack(hedge(), traced('stacked'))(async (n: number) => n)(3)).toBe(3);
  });
});

it('wrappers of one name have one budget and have to agree', async () => {
  const { fn, open } = runs();
  const [one, two] = [hedge('agreed', { after: '10ms' }, fn), hedge('agreed', { after: '10ms' }, fn)];
  const both = [one(), two()];
  open[0]?.resolve('one');
  open[1]?.resolve('two');
  await Promise.all(both);
  expect(calls('agreed').first).toBe(2);
  expect(() => hedge('agreed', { after: '20ms' })).toThrow('Cannot make hedge "agreed": it exists with another "after"');
});

it.each<[object, string]>([
  [{ after: 50 }, 'Cannot make hedge: option "after" is "50", expected a duration such as "50ms" or a percentile from "p50" to "p99"'],
  [{ after: '0ms' }, 'option "after" is "0ms"'],
  [{ after: 'p10' }, 'option "after" is "p10"'],
  [{ after: 'p99.9' }, 'option "after" is "p99.9"'],
  [{ max: 1 }, 'option "max" is 1, expected a whole number from 2 to 10'],
  [{ budget: 0 }, 'option "budget" is 0, expected a number above 0 and up to 1'],
  [{ budget: '10%' }, 'option "budget" is 10%'],
  [{ isSafe: true }, 'option "isSafe" is boolean, expected a function of the arguments'],
  [{ afer: '1s' }, 'unknown option "afer", did you mean "after"?'],
])('%j is refused where it is written', (options, message) => {
  expect(() => hedge(options)).toThrow(message);
});
