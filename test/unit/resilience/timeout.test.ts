import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CallAborted, callAborted } from '../../../src/core/call-aborted.ts';
import { clock } from '../../../src/core/clock.ts';
import { Latch } from '../../../src/core/latch.ts';
import { deadline, narrowLimit, signal, withSignal } from '../../../src/core/limit.ts';
import { currentScope, runInScope, Scope } from '../../../src/core/scope.ts';
import { stack } from '../../../src/core/wrapper.ts';
import { errorIdOf } from '../../../src/errors/report.ts';
import { RequestLimit } from '../../../src/http/request-limit.ts';
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

const kinds = (name: string): unknown[] =>
  ['successful', 'failed', 'timeout'].map((kind) => telemetry.now.metric('resilience4j_timelimiter_calls_total', { name, kind }));
const never = (): Promise<never> => new Promise(() => {});
/** A function that ends as soon as its signal aborts. */
const listening = (): Promise<never> =>
  new Promise((_resolve, reject) => {
    const given = signal() as AbortSignal;
    given.addEventListener('abort', () => reject(given.reason as Error), { once: true });
  });
const caught = async (promise: unknown): Promise<unknown> => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
};
function under<T>(leftMs: number, abort: AbortSignal, fn: () => T): T {
  const scope = new Scope(currentScope());
  scope.limit = narrowLimit(scope.limit, clock.mono() + leftMs, abort);
  return runInScope(scope, fn);
}

describe('what a call gives within its limit', () => {
  it('is what the function gives, as it gives it', async () => {
    const sync = timeout('given', '1s', (n: number) => n * 2);
    const asynchronous = timeout('given', '1s', async (n: number) => n * 2);
    expect([sync(21), sync.length]).toEqual([42, 1]);
    expect(asynchronous(21)).toBeInstanceOf(Promise);
    expect(await asynchronous(21)).toBe(42);
    expect(kinds('given')).toEqual([3, 0, 0]);
    expect(timers()).toBe(0);
  });

  it('is its error, thrown or rejected', async () => {
    const no = new Error('no');
    const throws = timeout('failing', '1s', () => {
      throw no;
    });
    expect(throws).toThrow(no);
    expect(await caught(timeout('failing', '1s', async () => Promise.reject(no))())).toBe(no);
    expect(kinds('failing')).toEqual([0, 2, 0]);
    expect([timers(), telemetry.now.errors]).toEqual([0, []]);
  });

  it('is what a thenable gives, which begins with the call', async () => {
    let begun = 0;
    const query = timeout('1s', () => ({
      then(resolve: (value: string) => void) {
        begun++;
        resolve('rows');
      },
    }));
    const running: unknown = query();
    expect(running).toBeInstanceOf(Promise);
    expect([await running, begun]).toEqual(['rows', 1]);
  });

  it('keeps what hangs on a promise', () => {
    const child = Object.assign(Promise.resolve(1), { pid: 7 });
    expect((timeout('1s', () => child)() as typeof child).pid).toBe(7);
  });
});

describe('a call at its limit', () => {
  it('rejects at once, though the function runs on, and what that gives is dropped', async () => {
    const late = new Latch();
    const running = timeout('late', '2s', () => late.promise.then(() => Promise.reject(new Error('later'))))();
    const outcome = caught(running);
    await time.advance('1999ms');
    expect(kinds('late')).toEqual([0, 0, 0]);
    await time.advance('1ms');
    const error = await outcome;
    expect(error).toBeInstanceOf(TimedOut);
    expect(error).toMatchObject({
      code: 'sonde/timeout',
      status: 504,
      data: { timeoutMs: 2_000 },
      message: 'Cannot finish "late": still running after 2s, its limit',
    });
    late.release(); // an unhandled rejection would fail the run
    await time.advance('1s');
    expect(kinds('late')).toEqual([0, 0, 1]);
  });

  it('has its signal aborted with that error', async () => {
    let given: AbortSignal | undefined;
    const outcome = caught(
      timeout('1s', async () => {
        given = signal();
        await never();
      })(),
    );
    await time.advance('1s');
    expect(given?.reason).toBe(await outcome);
  });

  it('is one failure with one ID: an error of the call around it, cancelled in the calls below', async () => {
    const inner = traced('inner', listening);
    const outer = traced('outer', timeout('gateway', '1s', inner));
    const outcome = caught(outer());
    await time.advance('1s');
    const error = await outcome;
    expect(telemetry.now.spansNamed('inner')[0]).toMatchObject({ attributes: { 'sonde.cancelled': true }, status: { code: 0 } });
    const [span] = telemetry.now.spansNamed('outer');
    expect(span).toMatchObject({ attributes: { 'error.type': 'sonde/timeout', 'error.id': errorIdOf(error) }, status: { code: 2 } });
    expect(span?.events).toMatchObject([{ name: 'timeout', attributes: { 'sonde.resilience.name': 'gateway', 'sonde.resilience.limit_ms': 1_000 } }]);
    expect(telemetry.now.errors.map((record) => [record['error.id'], record['level'], record['error.type']])).toEqual([
      [errorIdOf(error), 'warn', 'sonde/timeout'],
    ]);
    expect(telemetry.now.metric('function_calls_total', { function: 'inner', result: 'cancelled' })).toBe(1);
    expect(telemetry.now.metric('function_calls_total', { function: 'outer', result: 'error' })).toBe(1);
  });

  it('tells how long what cannot be preempted runs on', async () => {
    const heard: CallAborted[] = [];
    const stop = callAborted.subscribe((message) => heard.push(message));
    const late = new Latch();
    const outcome = caught(
      timeout(
        '1s',
        traced('deaf', () => late.promise),
      )(),
    );
    await time.advance('1s');
    await outcome;
    await time.advance('300ms');
    late.release();
    await time.advance('1ms');
    stop();
    expect(heard.map(({ def, latencyMs, result }) => [def.name, latencyMs, result])).toEqual([['deaf', 300, 'ok']]);
  });

  it('is over at once where its synchronous part took all the time', async () => {
    const hog = timeout('hog', '1s', async () => {
      time.block('2s');
      await never();
    });
    expect(await caught(hog())).toBeInstanceOf(TimedOut);
    expect(kinds('hog')).toEqual([0, 0, 1]);
  });
});

describe('a synchronous call', () => {
  it('is not interrupted: its result stands', () => {
    const slow = timeout('slow', '1s', () => {
      time.block('5s');
      return deadline()?.leftMs;
    });
    expect([slow(), kinds('slow')]).toEqual([0, [1, 0, 0]]);
    expect(telemetry.now.errors).toEqual([]);
  });

  it('that looks at its signal between steps can end itself', () => {
    let steps = 0;
    const loop = timeout('loop', '1s', () => {
      for (;;) {
        signal()?.throwIfAborted();
        steps++;
        time.block('300ms');
      }
    });
    expect(loop).toThrow(TimedOut);
    expect([steps, kinds('loop'), telemetry.now.errors.length]).toEqual([4, [0, 0, 1], 1]);
  });
});

describe('the scope of a call', () => {
  it('has the limit as its deadline', async () => {
    const read = timeout('2s', async () => deadline()?.leftMs);
    expect(await read()).toBe(2_000);
    expect(await under(500, new AbortController().signal, read)).toBe(500);
    expect(await under(5_000, new AbortController().signal, read)).toBe(2_000);
    expect(deadline()).toBeUndefined();
  });

  it('has no signal made until it is asked for, and always the same', async () => {
    const limit = new RequestLimit(clock.mono() + 60_000);
    const scope = new Scope(currentScope());
    scope.limit = limit;
    await runInScope(
      scope,
      timeout(
        '1s',
        traced('plain', async () => caught(Promise.reject(new Error('no')))),
      ),
    );
    expect(limit.isAsked).toBe(false);
    await runInScope(
      scope,
      timeout('1s', async () => expect(signal()).toBe(signal())),
    );
    expect(limit.isAsked).toBe(true);
    limit.settle();
  });

  it('is restored for what goes on after the call', async () => {
    const goOn = new Latch();
    let later: Promise<unknown> | undefined;
    const begin = timeout('1s', async () => {
      later = goOn.promise.then(() => [deadline()?.leftMs, signal()?.aborted]);
    });
    await under(60_000, new AbortController().signal, begin);
    await time.advance('5s');
    goOn.release();
    expect(await later).toEqual([55_000, false]);
  });
});

describe('an outer limit', () => {
  it('that ends earlier is what the caller gets: a cancellation, no timeout', async () => {
    const outer = new AbortController();
    const reason = new DOMException('The deadline of the request has passed', 'TimeoutError');
    const running = under(500, outer.signal, () => traced('call', timeout('bounded', '2s', never))());
    const outcome = caught(running);
    await time.advance('500ms');
    outer.abort(reason);
    expect(await outcome).toBe(reason);
    await time.advance('5s');
    expect([kinds('bounded'), telemetry.now.errors, timers()]).toEqual([[0, 0, 0], [], 0]);
    expect(telemetry.now.spansNamed('call')[0]?.attributes).toMatchObject({ 'sonde.cancelled': true });
  });

  it('that is another timeout is the one failure', async () => {
    const inner = timeout('inner', '5s', never);
    const outer = timeout('outer', '1s', async () => caught(inner()));
    const outcome = caught(outer());
    await time.advance('10s');
    expect(await outcome).toMatchObject({ data: { timeoutMs: 1_000 } });
    expect([kinds('inner'), kinds('outer'), telemetry.now.errors.length]).toEqual([[0, 0, 0], [0, 0, 1], 1]);
  });

  it('whose signal somebody kept cancels what it was given to', async () => {
    const outer = new AbortController();
    const reason = new Error('stop');
    const cancelled = withSignal(outer.signal, () => {
      const kept = signal() as AbortSignal;
      return caught(
        timeout(
          '5s',
          traced('kept', () => new Promise((_resolve, reject) => kept.addEventListener('abort', () => reject(kept.reason as Error)))),
        )(),
      );
    });
    outer.abort(reason);
    expect(await cancelled).toBe(reason);
    expect(telemetry.now.spansNamed('kept')[0]?.attributes).toMatchObject({ 'sonde.cancelled': true });
  });

  it('that is cancelled reaches the function, which says when it is over', async () => {
    const outer = new AbortController();
    const seen: unknown[] = [];
    const cleaning = timeout('cleaning', '5s', async () => {
      await listening().catch(() => {});
      seen.push(signal()?.reason);
      return 'cleaned';
    });
    const running = withSignal(outer.signal, cleaning);
    outer.abort('stop');
    expect([await running, seen]).toEqual(['cleaned', ['stop']]);
  });

  it('that was cancelled is what the caller gets of a function that does not listen, at the limit', async () => {
    const outer = new AbortController();
    const outcome = caught(withSignal(outer.signal, timeout('deaf', '1s', never)));
    outer.abort('stop');
    await time.advance('1s');
    expect([await outcome, kinds('deaf'), telemetry.now.errors]).toEqual(['stop', [0, 0, 0], []]);
  });

  it('that does not abort when its time is up does not take the limit away', async () => {
    const outcome = caught(under(500, new AbortController().signal, timeout('2s', never)));
    await time.advance('2s');
    expect(await outcome).toBeInstanceOf(TimedOut);
  });

  it('has no listeners left, however many calls ran under it', async () => {
    const outer = new AbortController();
    const asking = timeout('1h', async () => signal()?.aborted);
    await withSignal(outer.signal, async () => {
      const before = getEventListeners(outer.signal, 'abort').length;
      for (let i = 0; i < 100_000; i++) await asking();
      expect(getEventListeners(outer.signal, 'abort').length).toBe(before);
    });
    expect(timers()).toBe(0);
  });

  it('still stops what a call left behind and listens', async () => {
    const outer = new AbortController();
    let left: AbortSignal | undefined;
    let heard: unknown;
    const begin = timeout('1s', async () => {
      left = signal() as AbortSignal;
      left.addEventListener('abort', () => {
        heard = left?.reason as unknown;
      });
    });
    await withSignal(outer.signal, begin);
    await time.advance('1m');
    expect(left?.aborted).toBe(false);
    outer.abort('stop');
    expect(heard).toBe('stop');
  });
});

describe('the forms', () => {
  it('are limit, options, name and limit, with a function or without', async () => {
    const nap = async (): Promise<number | undefined> => deadline()?.leftMs;
    const forms = [
      timeout('2s', nap),
      timeout('2s')(nap),
      timeout('a name', '2s', nap),
      timeout('a name', '2s')(nap),
      timeout('a name', { limit: '2s' }, nap),
      timeout({ limit: '2s' }, nap),
      timeout({ name: 'a name', limit: '2s' })(nap),
      stack(timeout('2s'), timeout('4s'))(nap),
    ];
    expect(await Promise.all(forms.map((form) => form()))).toEqual(forms.map(() => 2_000));
    expect(forms.map((form) => form.name)).toEqual(forms.map(() => 'nap'));
    expect([kinds('a name')[0], kinds('nap')[0]]).toEqual([4, 5]);
  });

  it('are decorators of both kinds, with `this`', async () => {
    class Rates {
      readonly #left = 'left';
      @timeout('2s')
      async of(_pair: string): Promise<string> {
        return `${this.#left} ${deadline()?.leftMs}`;
      }
      async legacy(): Promise<string> {
        return `${this.#left} ${deadline()?.leftMs}`;
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Rates.prototype, 'legacy') as TypedPropertyDescriptor<() => Promise<string>>;
    Object.defineProperty(Rates.prototype, 'legacy', timeout('3s')(Rates.prototype, 'legacy', descriptor) as PropertyDescriptor);
    expect([await new Rates().of(''), await new Rates().legacy(), new Rates().of.length]).toEqual(['left 2000', 'left 3000', 1]);
    expect(kinds('Rates.legacy')).toEqual([1, 0, 0]);
  });

  it.each<[string, unknown[], string]>([
    ['no limit', ['a', {}], 'Cannot make timeout "a": option "limit" is missing, expected a duration such as "2s"'],
    ['no options', [], 'Cannot make timeout: option "limit" is missing, expected a duration such as "2s"'],
    ['a number', [{ limit: 2_000 }], 'Cannot make timeout: option "limit" is a number, expected a duration such as "2s"'],
    ['no duration', ['a', '2 sec'], 'Cannot make timeout "a": option "limit" is "2 sec", expected a duration such as "2s"'],
    ['0', ['0s'], 'Cannot make timeout: option "limit" is "0s", expected more than 0 and at most 24 days'],
    ['too long', ['a', '25d'], 'Cannot make timeout "a": option "limit" is "25d", expected more than 0 and at most 24 days'],
    ['a misspelt option', [{ limits: '2s' }], 'Cannot make timeout: unknown option "limits", did you mean "limit"? expected some of name, limit'],
  ])('refuse %s where they are written', (_what, args, message) => {
    expect(() => (timeout as unknown as (...args: unknown[]) => unknown)(...args)).toThrow(message);
  });
});
