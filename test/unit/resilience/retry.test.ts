import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../src/core/clock.ts';
import { narrowLimit, withSignal } from '../../../src/core/limit.ts';
import { currentScope, runInScope, Scope } from '../../../src/core/scope.ts';
import { stack } from '../../../src/core/wrapper.ts';
import { defineError } from '../../../src/errors/define-error.ts';
import { errorIdOf, report } from '../../../src/errors/report.ts';
import { logger } from '../../../src/logs/logger.ts';
import { breaker } from '../../../src/resilience/breaker.ts';
import { BreakerOpen } from '../../../src/resilience/breaker-member.ts';
import { retry } from '../../../src/resilience/retry.ts';
import type { RetryOptions } from '../../../src/resilience/retry-options.ts';
import { TimedOut, timeout } from '../../../src/resilience/timeout.ts';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordEach } from '../record-each.ts';

const telemetry = recordEach();
let time: ManualClock;
let waitingBefore: number;
beforeEach(() => {
  time = manualClock();
  waitingBefore = time.waiting;
});
afterEach(() => time.restore());
/** Timers of the calls themselves. */
const timers = (): number => time.waiting - waitingBefore;

const NotFound = defineError('retry-test/not-found', { status: 404 });
const Busy = defineError<{ readonly retryAfterMs: number }>('retry-test/busy', { status: 429 });

const EVEN: RetryOptions = { backoff: { initial: '100ms', jitter: 'none' } };
const kinds = (name: string): unknown[] =>
  ['successful_without_retry', 'successful_with_retry', 'failed_without_retry', 'failed_with_retry'].map((kind) =>
    telemetry.now.metric('resilience4j_retry_calls_total', { name, kind }),
  );
/** A function that fails with one error after the other, and then gives `ok`; when it was called, in ms from the first call. */
function failing(...errors: unknown[]): { fn: () => Promise<string>; sync: () => string; calls: number[] } {
  const calls: number[] = [];
  let first = 0;
  const sync = (): string => {
    if (calls.length === 0) first = clock.mono();
    const error = errors[calls.length];
    calls.push(clock.mono() - first);
    if (error !== undefined) throw error;
    return 'ok';
  };
  return { fn: async () => sync(), sync, calls };
}
const errors = (count: number): Error[] => Array.from({ length: count }, (_, i) => new Error(`no ${i + 1}`));
/** How a call ends while the clock moves on. */
async function outcome(running: Promise<unknown>): Promise<unknown> {
  let end: unknown = 'still running';
  running.then(
    (value) => {
      end = value;
    },
    (error: unknown) => {
      end = error;
    },
  );
  await time.advance('1m');
  return end;
}
function under<T>(leftMs: number, abort: AbortSignal, fn: () => T): T {
  const scope = new Scope(currentScope());
  scope.limit = narrowLimit(scope.limit, clock.mono() + leftMs, abort);
  return runInScope(scope, fn);
}
const events = (span: string): unknown[] =>
  telemetry.now.spansNamed(span).flatMap(({ events }) => events.map(({ name, attributes }) => ({ name, ...attributes })));

describe('a call', () => {
  it('that succeeds is left as it is', async () => {
    const { sync, fn } = failing();
    expect(retry('well', {}, sync)()).toBe('ok');
    expect(retry('well', {}, fn)()).toBeInstanceOf(Promise);
    expect(await outcome(retry('well', {}, fn)())).toBe('ok');
    expect(kinds('well')).toEqual([3, 0, 0, 0]);
    expect(timers()).toBe(0);
  });

  it('that fails is made again after waits that grow', async () => {
    const { fn, calls } = failing(...errors(3));
    expect(await outcome(retry('grows', { ...EVEN, attempts: 4 }, fn)())).toBe('ok');
    expect([calls, kinds('grows')]).toEqual([
      [0, 100, 300, 700],
      [0, 1, 0, 0],
    ]);
  });

  it('that fails to the end gives the last error, the same object', async () => {
    const all = errors(3);
    const { fn, calls } = failing(...all);
    expect(await outcome(retry('fails', EVEN, fn)())).toBe(all[2]);
    expect([calls, kinds('fails'), timers()]).toEqual([[0, 100, 300], [0, 0, 0, 1], 0]);
  });

  it('gets the arguments and `this` each time', async () => {
    class Shop {
      calls: unknown[] = [];
      @retry({ name: 'shop.open', ...EVEN })
      async open(key: string): Promise<number> {
        this.calls.push(key);
        if (this.calls.length < 3) throw new Error('closed');
        return this.calls.length;
      }
    }
    const shop = new Shop();
    expect(await outcome(shop.open('gold'))).toBe(3);
    expect([shop.calls, shop.open.name, shop.open.length]).toEqual([['gold', 'gold', 'gold'], 'open', 1]);
  });

  it('is the same under a legacy decorator', async () => {
    class Shop {
      calls = 0;
      async open(): Promise<number> {
        if (++this.calls < 2) throw new Error('closed');
        return this.calls;
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'open') as TypedPropertyDescriptor<() => Promise<number>>;
    Object.defineProperty(Shop.prototype, 'open', retry(EVEN)(Shop.prototype, 'open', descriptor) as PropertyDescriptor);
    expect(await outcome(new Shop().open())).toBe(2);
    expect(kinds('Shop.open')).toEqual([0, 1, 0, 0]);
  });

  it('begins a thenable anew for each attempt', async () => {
    let begun = 0;
    const query = retry(EVEN, () => ({
      then(resolve: (value: string) => void, reject: (error: Error) => void) {
        if (++begun < 3) reject(new Error('busy'));
        else resolve('rows');
      },
    }));
    expect(await outcome(query() as unknown as Promise<string>)).toBe('rows');
    expect(begun).toBe(3);
  });

  it('that throws at once is made again at once, and then waits for what it gives', async () => {
    const { sync, calls } = failing(...errors(2));
    expect(retry('sync', { ...EVEN, name: 'sync' }, sync)()).toBe('ok');
    expect([calls, kinds('sync')]).toEqual([
      [0, 0, 0],
      [0, 1, 0, 0],
    ]);
    const mixed = failing(...errors(3));
    const first = new Error('not started');
    let begun = 0;
    const both = retry({ ...EVEN, attempts: 5 }, (): Promise<string> => {
      if (begun++ === 0) throw first;
      return mixed.fn();
    });
    expect(await outcome(both())).toBe('ok');
    expect(mixed.calls).toEqual([0, 100, 300, 700]);
  });

  it('that gives up synchronously throws the last error', () => {
    const all = errors(3);
    expect(retry('sync fails', {}, failing(...all).sync)).toThrow(all[2]);
    expect(kinds('sync fails')).toEqual([0, 0, 0, 1]);
  });

  it('of a generator is not retried: it was returned', () => {
    let calls = 0;
    const list = retry({}, function* () {
      calls++;
      yield 1;
      throw new Error('later');
    });
    expect(() => [...list()]).toThrow('later');
    expect(calls).toBe(1);
  });
});

describe('what is worth another attempt', () => {
  const http = (status: number): Error => Object.assign(new Error('HTTP'), { response: { status, headers: {} } });
  it.each<[string, unknown, number]>([
    ['an error', new Error('no'), 3],
    ['a thrown text', 'no', 3],
    ['a known error of the caller', new NotFound('gone'), 1],
    ['a refusal for now', new Busy('busy', { data: { retryAfterMs: 0 } }), 3],
    ['an answer 404', http(404), 1],
    ['an answer 408', http(408), 3],
    ['an answer 503', http(503), 3],
    ['an answer 400 of undici', Object.assign(new Error('HTTP'), { statusCode: 400 }), 1],
    ['an abort', new DOMException('gone', 'AbortError'), 1],
  ])('is told by default: %s', async (_what, error, attempts) => {
    const { fn, calls } = failing(...Array(5).fill(error));
    expect(await outcome(retry(EVEN, fn)())).toBe(error);
    expect(calls.length).toBe(attempts);
  });

  it('is what retryIf says, of each attempt', async () => {
    const asked: unknown[] = [];
    const all = errors(4);
    const { fn } = failing(...all);
    const choosy = retry('choosy', { ...EVEN, attempts: 9, retryIf: (error, attempt) => asked.push([error, attempt]) < 2 }, fn);
    expect(await outcome(choosy())).toBe(all[1]);
    expect(asked).toEqual([
      [all[0], 1],
      [all[1], 2],
    ]);
  });

  it('is nothing where retryIf itself throws', async () => {
    const { fn, calls } = failing(...errors(3));
    const broken = retry('broken', {
      ...EVEN,
      retryIf: () => {
        throw new Error('retryIf');
      },
    })(fn);
    expect(await outcome(broken())).toMatchObject({ message: 'no 1' });
    expect([calls.length, kinds('broken')]).toEqual([1, [0, 0, 1, 0]]);
  });

  it('is no cancelled call, which counts nowhere', async () => {
    const outer = new AbortController();
    const calls: number[] = [];
    const reason = new Error('the client left');
    const running = withSignal(outer.signal, () =>
      retry('cancelled', { ...EVEN, retryIf: () => true }, async () => {
        calls.push(1);
        outer.abort(reason);
        throw new Error('aborted', { cause: reason });
      })(),
    );
    expect(await outcome(running)).toMatchObject({ message: 'aborted' });
    expect([calls.length, kinds('cancelled')]).toEqual([1, [0, 0, 0, 0]]);
  });
});

describe('a wait', () => {
  it('ends with the abort signal, and leaves no listener and no timer', async () => {
    const outer = new AbortController();
    const { fn, calls } = failing(...errors(3));
    const end = withSignal(outer.signal, () => retry('aborted', EVEN, fn)()).catch((error: unknown) => error);
    const listeners = getEventListeners(outer.signal, 'abort').length;
    await time.advance('50ms');
    expect([timers(), getEventListeners(outer.signal, 'abort').length - listeners]).toEqual([1, 1]);
    outer.abort('stop');
    expect([await end, calls.length, timers(), kinds('aborted')]).toEqual(['stop', 1, 0, [0, 0, 0, 0]]);
  });

  it('that is over leaves no listener either', async () => {
    const outer = new AbortController();
    const listeners = (): number => getEventListeners(outer.signal, 'abort').length;
    const running = withSignal(outer.signal, () => [listeners(), retry(EVEN, failing(...errors(2)).fn)()] as const);
    expect(await outcome(running[1])).toBe('ok');
    expect(listeners()).toBe(running[0]);
  });

  it('is not begun after the abort: the caller gets the last error', async () => {
    const outer = new AbortController();
    const all = errors(1);
    const end = withSignal(outer.signal, () =>
      retry('left', EVEN, async () => {
        outer.abort('stop');
        throw all[0];
      })(),
    );
    expect([await outcome(end), kinds('left')]).toEqual([all[0], [0, 0, 1, 0]]);
  });

  it('is not begun where it would pass the deadline', async () => {
    const all = errors(3);
    const { fn, calls } = failing(...all);
    const running = under(250, new AbortController().signal, () => traced('caller', retry('late', EVEN, fn))());
    expect(await outcome(running)).toBe(all[1]);
    expect(calls).toEqual([0, 100]);
    expect(events('caller')).toEqual([
      { name: 'retry', 'sonde.resilience.name': 'late', 'sonde.retry.attempt': 1, 'error.type': 'Error', 'sonde.retry.wait_ms': 100 },
      { name: 'retry', 'sonde.resilience.name': 'late', 'sonde.retry.attempt': 2, 'error.type': 'Error', 'sonde.retry.gave_up': 'deadline' },
    ]);
  });

  it('is not begun where the next attempt would begin later than `within`', async () => {
    const { fn, calls } = failing(...errors(9));
    await outcome(traced('caller', retry('within', { ...EVEN, attempts: Number.POSITIVE_INFINITY, within: '700ms' }, fn))());
    expect(calls).toEqual([0, 100, 300, 700]);
    expect(events('caller').at(-1)).toMatchObject({ 'sonde.retry.gave_up': 'within' });
  });

  it('is as long as the one who refused says', async () => {
    const { fn, calls } = failing(new Busy('busy', { data: { retryAfterMs: 2_000 } }), Object.assign(new Error('503'), { headers: { 'retry-after': '3' } }));
    expect(await outcome(retry(EVEN, fn)())).toBe('ok');
    expect(calls).toEqual([0, 2_000, 5_000]);
  });

  it('is not begun where that is too long, or cannot be waited for', async () => {
    const error = new Busy('busy', { data: { retryAfterMs: 31_000 } });
    const { fn, calls } = failing(error, error);
    expect(await outcome(traced('caller', retry(EVEN, fn))())).toBe(error);
    expect(calls).toEqual([0]);
    expect(events('caller')).toMatchObject([{ 'sonde.retry.gave_up': 'retry_after' }]);
    const short = new Busy('busy', { data: { retryAfterMs: 1 } });
    expect(retry(EVEN, failing(short, short).sync)).toThrow(short);
  });
});

describe('an open breaker', () => {
  const open = (retryAfterMs: number | undefined): Error => new BreakerOpen('open', { data: { breaker: 'a', retryAfterMs } });
  it.each<[string, number | undefined, number[]]>([
    ['ends the attempts', 150, [0]],
    ['that tries again before the next attempt does not', 90, [0, 100]],
    ['that somebody holds open ends them', undefined, [0]],
  ])('%s', async (_what, retryAfterMs, made) => {
    const { fn, calls } = failing(open(retryAfterMs));
    await outcome(retry(EVEN, fn)());
    expect(calls).toEqual(made);
  });

  it('has a record of the refusal that the caller gets, and none of those after which it was tried again', async () => {
    const refused = (): unknown[] => telemetry.now.errors.filter((record) => record['error.type'] === 'sonde/breaker-open').map((record) => record['error.id']);
    const call = (attempts: number): Promise<unknown> => {
      const shut = breaker(`retry-test.${attempts}`, { consecutive: 1, openFor: '150ms' });
      return outcome(retry({ ...EVEN, attempts }, shut(failing(...errors(9)).fn))());
    };
    expect(await call(3)).toMatchObject({ message: 'no 2' });
    expect(refused()).toEqual([]);
    const error = await call(2);
    expect(error).toBeInstanceOf(BreakerOpen);
    expect(refused()).toEqual([errorIdOf(error)]);
  });
});

describe('the budget', () => {
  it('ends retries when most attempts fail, and comes back with successes or time', async () => {
    let isDown = true;
    let calls = 0;
    const unstable = retry('storm', { ...EVEN, attempts: 2, budget: { tokens: 10, ratio: 0.5 } }, async () => {
      calls++;
      if (isDown) throw new Error('down');
    });
    const call = async (): Promise<number> => {
      const before = calls;
      const end = unstable().catch(() => {});
      await time.advance('100ms');
      await end;
      return calls - before;
    };
    const made: number[] = [];
    for (let i = 0; i < 5; i++) made.push(await call());
    expect(made).toEqual([2, 2, 2, 1, 1]);
    expect(telemetry.now.metric('sonde_retry_refused_total', { name: 'storm' })).toBe(2);
    isDown = false;
    for (let i = 0; i < 9; i++) await call();
    isDown = true;
    expect(await call()).toBe(2);
    for (let i = 0; i < 9; i++) await call();
    expect(await call()).toBe(1);
    await time.advance('1m');
    expect(await call()).toBe(2);
  });

  it('is shared by name, and otherwise the own of each wrapper; false is none', async () => {
    const fail = async (): Promise<never> => Promise.reject(new Error('down'));
    const attemptsOf = async (options: RetryOptions): Promise<number> => {
      let calls = 0;
      const counted = retry({ ...EVEN, ...options }, async () => {
        calls++;
        return fail();
      });
      await outcome(counted());
      return calls;
    };
    const small = { tokens: 3 };
    expect([await attemptsOf({ name: 'shared', budget: small }), await attemptsOf({ budget: small }), await attemptsOf({ budget: false })]).toEqual([2, 2, 3]);
    const again = retry({ ...EVEN, name: 'shared again', budget: small })(fail);
    const end = again().catch(() => {});
    await time.advance('200ms');
    await end;
    const other = failing(...errors(3));
    const second = retry({ ...EVEN, name: 'shared again', budget: small })(other.fn)().catch(() => {});
    await time.advance('300ms');
    await second;
    expect(other.calls.length).toBe(1);
    expect(() => retry({ name: 'shared again', budget: { tokens: 7 } })).toThrow(
      'Cannot make retry "shared again": it exists with another "tokens", expected the same options or another name',
    );
  });
});

describe('telemetry', () => {
  it('tells every failed attempt on the span, and how many there were', async () => {
    const { fn } = failing(new TypeError('no'), Object.assign(new Error('no'), { code: 'ECONNRESET' }));
    expect(await outcome(traced('caller', retry('told', EVEN, fn))())).toBe('ok');
    expect(events('caller')).toEqual([
      { name: 'retry', 'sonde.resilience.name': 'told', 'sonde.retry.attempt': 1, 'error.type': 'TypeError', 'sonde.retry.wait_ms': 100 },
      { name: 'retry', 'sonde.resilience.name': 'told', 'sonde.retry.attempt': 2, 'error.type': 'ECONNRESET', 'sonde.retry.wait_ms': 200 },
    ]);
    expect(telemetry.now.spansNamed('caller')[0]).toMatchObject({ attributes: { 'sonde.retry.attempts': 3 }, status: { code: 0 } });
    expect(telemetry.now.errors).toEqual([]);
  });

  it('says on spans and logs which attempt they belong to, from the second on', async () => {
    const { fn } = failing(...errors(1));
    const log = logger('retry-test');
    const inner = traced('inner', async () => {
      log.info('trying');
      return fn();
    });
    await outcome(retry(EVEN, inner)());
    expect(telemetry.now.spansNamed('inner').map(({ attributes }) => attributes['sonde.retry.attempt'])).toEqual([undefined, 2]);
    expect(telemetry.now.logs.filter(({ message }) => message === 'trying').map((line) => line['sonde.retry.attempt'])).toEqual([undefined, 2]);
  });

  it('has the attempts in the record of the last error, also of one that it caused', async () => {
    const all = errors(3);
    const error = await outcome(retry(EVEN, failing(...all).fn)());
    const { id } = report(new Error('cannot load', { cause: error }));
    expect(telemetry.now.errors.map((record) => [record['error.id'], record['sonde.retry.attempts']])).toEqual([[id, 3]]);
    expect([errorIdOf(all[0]), errorIdOf(all[1])]).toEqual([undefined, undefined]);
  });

  it('is one failure with one ID of attempts that timed out', async () => {
    const call = traced(
      'caller',
      retry(
        'patient',
        EVEN,
        timeout(
          'inner',
          '1s',
          traced('inner', () => new Promise<never>(() => {})),
        ),
      ),
    );
    const error = await outcome(call());
    expect(error).toBeInstanceOf(TimedOut);
    expect(telemetry.now.errors.map((record) => [record['error.id'], record['error.type'], record['sonde.retry.attempts']])).toEqual([
      [errorIdOf(error), 'sonde/timeout', 3],
    ]);
    expect(events('caller').map((event) => (event as { name: string }).name)).toEqual(['timeout', 'retry', 'timeout', 'retry', 'timeout', 'retry']);
    expect(telemetry.now.metric('resilience4j_timelimiter_calls_total', { name: 'inner', kind: 'timeout' })).toBe(3);
  });

  it('reports what was tried within another retry once, by the outer one', async () => {
    const slow = timeout('1s', () => new Promise<never>(() => {}));
    const error = await outcome(retry({ ...EVEN, attempts: 2 }, retry({ ...EVEN, attempts: 2 }, slow))());
    expect(telemetry.now.errors.map((record) => record['error.id'])).toEqual([errorIdOf(error)]);
  });

  it.each<[string, number]>([
    ['succeeded', 0],
    ['failed', 1],
  ])('reports what goes on after a call that %s and fails by itself', async (_how, failures) => {
    let left: Promise<unknown> | undefined;
    const begin = retry({ attempts: 1 }, async () => {
      left = timeout('5s', () => new Promise<never>(() => {}))().catch(() => {});
      return failing(...errors(failures)).fn();
    });
    await outcome(begin());
    await left;
    expect(telemetry.now.errors.map((record) => record['error.type'])).toEqual(['sonde/timeout']);
  });

  it('counts nothing twice where a timeout around all attempts ends them', async () => {
    const error = await outcome(timeout('250ms', retry('cut', EVEN, failing(...errors(9)).fn))());
    expect([error instanceof TimedOut, kinds('cut')]).toEqual([false, [0, 0, 0, 1]]);
    const cut = await outcome(
      timeout(
        '50ms',
        retry('cut in an attempt', EVEN, () => new Promise<never>(() => {})),
      )(),
    );
    expect([cut instanceof TimedOut, kinds('cut in an attempt')]).toEqual([true, [0, 0, 0, 0]]);
  });
});

describe('the forms', () => {
  it('are name, options, function, each of which may be left out', async () => {
    const twice = (): (() => Promise<string>) => failing(new Error('no')).fn;
    const forms = [
      retry(twice()),
      retry('a retry', twice()),
      retry('a retry', EVEN, twice()),
      retry(EVEN, twice()),
      retry('a retry')(twice()),
      retry()(twice()),
      stack(retry(), retry(EVEN))(twice()),
    ];
    expect(await Promise.all(forms.map((form) => outcome(form())))).toEqual(forms.map(() => 'ok'));
  });

  it.each<[string, unknown, string]>([
    ['no attempts', { attempts: 0 }, 'option "attempts" is 0, expected a whole number from 1, the first call included'],
    ['half an attempt', { attempts: 1.5 }, 'option "attempts" is 1.5, expected a whole number from 1, the first call included'],
    ['a number as wait', { backoff: { initial: 100 } }, 'option "backoff.initial" is a number, expected a duration such as "2s"'],
    ['waits that shrink', { backoff: { factor: 0.5 } }, 'option "backoff.factor" is 0.5, expected a number from 1 to 100'],
    ['a longest wait below the first', { backoff: { initial: '2s', max: '1s' } }, 'option "backoff.max" is "1s", expected "backoff.initial" (2s) or more'],
    ['another jitter', { backoff: { jitter: 'some' } }, 'option "backoff.jitter" is "some", expected one of decorrelated, full, half, none'],
    ['a misspelt wait', { backoff: { start: '1s' } }, 'unknown option "backoff.start", expected some of initial, max, factor, jitter'],
    ['a wait alone', { backoff: '1s' }, 'option "backoff" is 1s, expected { initial, max, factor, jitter }'],
    ['a misspelt option', { attempt: 3 }, 'unknown option "attempt", did you mean "attempts"? expected some of'],
    ['no condition', { retryIf: true }, 'option "retryIf" is boolean, expected a function of the error and the attempt'],
    ['no end', { within: '1 minute' }, 'option "within" is "1 minute", expected a duration such as "2s"'],
    ['a budget that is none', { budget: 0.2 }, 'option "budget" is 0.2, expected false or { tokens, ratio }'],
    ['a misspelt budget', { budget: { token: 3 } }, 'unknown option "budget.token", expected some of tokens, ratio'],
    ['a budget of one', { budget: { tokens: 1 } }, 'option "budget.tokens" is 1, expected a number from 2 to 1000'],
    ['no ratio', { budget: { ratio: 0 } }, 'option "budget.ratio" is 0, expected a number over 0 and up to 1'],
  ])('refuse %s where it is written', (_what, options, message) => {
    expect(() => retry('a', options as RetryOptions)).toThrow(`Cannot make retry "a": ${message}`);
  });
});
