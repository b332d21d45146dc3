import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Latch } from '../../../src/core/latch.ts';
import { withSignal } from '../../../src/core/limit.ts';
import { defineError } from '../../../src/errors/define-error.ts';
import { type Breaker, breaker, listBreakers } from '../../../src/resilience/breaker.ts';
import { BreakerOpen } from '../../../src/resilience/breaker-member.ts';
import type { BreakerOptions } from '../../../src/resilience/breaker-options.ts';
import { timeout } from '../../../src/resilience/timeout.ts';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts';
import { recordEach } from '../record-each.ts';

const Gone = defineError('test/breaker-gone', { status: 410 });
const Down = defineError('test/breaker-down', { status: 503 });

recordEach();
let time: ManualClock;
beforeEach(() => {
  time = manualClock();
});
afterEach(() => time.restore());

let last = 0;
/** A breaker, and two functions behind it that do what they are given: one answers at once, the other with promises. */
function make(options: BreakerOptions = {}): { its: Breaker; call: <T>(work: () => T) => T; load: <T>(work: () => T) => T; name: string } {
  const name = options.name ?? `unit-${++last}`;
  const its = breaker({ ...options, name });
  const made = (): (<T>(work: () => T) => T) => its((work: () => unknown) => work()) as <T>(work: () => T) => T;
  return { its, call: made(), load: made(), name };
}
const boom = (): never => {
  throw new Error('boom');
};
const fail = (call: (work: () => never) => never, times = 1): void => {
  for (let i = 0; i < times; i++) expect(() => call(boom)).toThrow('boom');
};
const succeed = (call: (work: () => number) => number, times = 1): void => {
  for (let i = 0; i < times; i++) expect(call(() => 1)).toBe(1);
};
const refused = (call: (work: () => number) => number): InstanceType<typeof BreakerOpen> => {
  let ran = false;
  try {
    call(() => {
      ran = true;
      return 1;
    });
  } catch (error) {
    expect(ran).toBe(false);
    expect(error).toBeInstanceOf(BreakerOpen);
    return error as InstanceType<typeof BreakerOpen>;
  }
  throw new Error('expected a refusal');
};

describe('a closed breaker', () => {
  it('opens when the share of failures of the last calls is reached, not before enough calls were made', () => {
    const { its, call } = make({ window: 10, minimumCalls: 4, failureRate: 0.5 });
    fail(call, 2);
    succeed(call);
    expect([its.state, its.failureRate]).toEqual(['closed', undefined]);
    succeed(call); // the fourth call is a good one, and makes them enough
    expect([its.state, its.failureRate]).toEqual(['open', 0.5]);
  });

  it('forgets what fell out of the window of calls', () => {
    const { its, call } = make({ window: 4, minimumCalls: 4, failureRate: 0.5 });
    succeed(call, 3);
    fail(call);
    succeed(call, 3);
    fail(call);
    expect([its.state, its.failureRate]).toEqual(['closed', 0.25]);
    fail(call);
    expect(its.state).toBe('open');
  });

  it('can ask for all calls to fail', () => {
    const { its, call } = make({ window: 5, failureRate: 1 });
    fail(call, 4);
    succeed(call);
    fail(call, 4);
    expect([its.state, its.failureRate]).toEqual(['closed', 0.8]);
    fail(call);
    expect(its.state).toBe('open');
  });

  it('takes the rate of the last seconds, whatever the wall clock does', async () => {
    const { its, call } = make({ window: '10s', minimumCalls: 4 });
    fail(call, 3);
    await time.advance('11s');
    fail(call);
    expect([its.state, its.failureRate]).toEqual(['closed', undefined]);
    await time.advance('9s');
    succeed(call, 3);
    time.setNow(0);
    expect([its.state, its.failureRate]).toEqual(['closed', 0.25]);
    fail(call, 2);
    expect(its.state).toBe('open');
  });

  it('opens after so many failures in a row', () => {
    const { its, call } = make({ consecutive: 3 });
    fail(call, 2);
    succeed(call);
    fail(call, 2);
    expect([its.state, its.failureRate]).toEqual(['closed', undefined]);
    fail(call);
    expect(its.state).toBe('open');
  });

  it('opens when calls are too slow, though none failed', async () => {
    const { its, call } = make({ window: 4, slowCall: '1s', slowCallRate: 0.75 });
    const slowly = (ms: '1s' | '1001ms'): number =>
      call(() => {
        time.block(ms);
        return 1;
      });
    slowly('1s'); // just in time
    slowly('1001ms');
    slowly('1001ms');
    expect(its.state).toBe('closed');
    slowly('1001ms');
    expect([its.state, its.failureRate]).toEqual(['open', 0]);
    expect(listBreakers().at(-1)).toMatchObject({ slowCallRate: 0.75, successes: 4, failures: 0 });
  });

  it('takes a slow call for a failure where it counts failures in a row', () => {
    const { its, call, load } = make({ consecutive: 2, slowCall: '1s' });
    fail(call);
    call(() => time.block('2s'));
    expect(its.state).toBe('open');
  });

  it.each<[string, unknown, string]>([
    ['a known error below 500', new Gone('gone'), 'closed'],
    ['an abort', Object.assign(new Error('aborted'), { name: 'AbortError' }), 'closed'],
    ['a refusal of a breaker inside', new BreakerOpen('no', { data: { breaker: 'inner', retryAfterMs: 1 } }), 'closed'],
    ['a known error from 500', new Down('down'), 'open'],
    ['a bug', new TypeError('bug'), 'open'],
    ['what is no error', undefined, 'open'],
  ])('%s leaves it as it should', async (_what, error, state) => {
    const { its, call, load } = make({ consecutive: 2 });
    for (let i = 0; i < 2; i++) await expect(load(() => Promise.reject(error))).rejects.toBe(error);
    expect(its.state).toBe(state);
  });

  it('counts no call that its caller gave up', async () => {
    const { its, load } = make({ consecutive: 1 });
    const abort = new AbortController();
    const given = withSignal(abort.signal, () =>
      load(() => new Promise((_, reject) => abort.signal.addEventListener('abort', () => reject(abort.signal.reason)))),
    );
    abort.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    expect(its.state).toBe('closed');
  });

  it('asks isFailure, and takes one that throws for a yes', () => {
    const { its, call } = make({
      consecutive: 1,
      isFailure(error) {
        if ((error as Error).message === 'boom') return false;
        throw new Error('in the rule');
      },
    });
    fail(call, 3);
    expect(its.state).toBe('closed');
    expect(() =>
      call(() => {
        throw new Error('other');
      }),
    ).toThrow('other');
    expect(its.state).toBe('open');
  });
});

describe('an open breaker', () => {
  it('refuses without a call, and says when to try again', async () => {
    const { call, name } = make({ consecutive: 1, openFor: '30s' });
    fail(call);
    await time.advance('12s');
    const error = refused(call);
    expect(error).toMatchObject({
      code: 'sonde/breaker-open',
      status: 503,
      data: { breaker: name, retryAfterMs: 18_000 },
      message: `Cannot call "${name}": its breaker is open, next trial in 18s`,
    });
    expect(error.cause).toBe(undefined);
  });

  it('is thrown by what answers at once, and rejected by what answers with promises', async () => {
    const its = breaker({ consecutive: 1 });
    const load = its(async (): Promise<number> => boom());
    const stacked = its(timeout('1s')(async () => 1));
    const plain = its((): Promise<number> => Promise.resolve(1));
    expect(await plain()).toBe(1);
    const unknown = its((): Promise<number> => Promise.resolve(1));
    await expect(load()).rejects.toThrow('boom');
    for (const call of [load, stacked, plain]) await expect(call().catch((error: unknown) => Promise.reject(error))).rejects.toBeInstanceOf(BreakerOpen);
    expect(() => unknown()).toThrow(BreakerOpen); // nobody knows yet what it gives
  });

  it('tries again after its time, whatever the wall clock does', async () => {
    const { its, call } = make({ consecutive: 1, openFor: '30s', halfOpenCalls: 1 });
    fail(call);
    time.setNow(Date.UTC(2030, 0, 1));
    await time.advance('29s');
    refused(call);
    time.setNow(0);
    await time.advance('1s');
    expect(its.state).toBe('half_open');
    succeed(call);
    expect(its.state).toBe('closed');
  });

  it('takes no notice of calls that began before it opened', async () => {
    const { its, call, load } = make({ consecutive: 2, openFor: '30s', halfOpenCalls: 1 });
    const early = [new Latch<number>(), new Latch<number>()] as const;
    const late = early.map((latch) => load(() => latch.promise));
    const failing = load(() => late[0]?.then(boom));
    fail(call, 2);
    await time.advance('30s');
    expect(its.state).toBe('half_open');
    early[0].release(1);
    await late[0];
    await expect(failing).rejects.toThrow('boom');
    expect(its.state).toBe('half_open');
    succeed(call);
    early[1].release(1);
    await late[1];
    fail(call);
    expect(its.state).toBe('closed'); // one failure of two, and what came late was none of them
  });
});

describe('a half-open breaker', () => {
  const halfOpen = async (options: BreakerOptions) => {
    const made = make({ consecutive: 1, openFor: '10s', ...options });
    fail(made.call);
    await time.advance('10s');
    return made;
  };

  it('lets so many calls through at once, and refuses the others', async () => {
    const { its, call, load } = await halfOpen({ halfOpenCalls: 2 });
    const latch = new Latch<number>();
    const trials = [load(() => latch.promise), load(() => latch.promise)];
    expect(refused(call)).toMatchObject({ message: expect.stringMatching('half open, and its trial calls are under way'), data: { retryAfterMs: 1_000 } });
    latch.release(7);
    expect(await Promise.all(trials)).toEqual([7, 7]);
    expect(its.state).toBe('closed');
  });

  it('decides by the rates, as soon as they are sure', async () => {
    const open = async () => {
      const made = make({ window: 2, openFor: '10s', halfOpenCalls: 4, failureRate: 0.5 });
      fail(made.call, 2);
      await time.advance('10s');
      return made;
    };
    const bad = await open();
    fail(bad.call);
    expect(bad.its.state).toBe('half_open');
    fail(bad.call); // two of four are the half, whatever the others do
    expect(bad.its.state).toBe('open');
    const good = await open();
    succeed(good.call, 2);
    fail(good.call);
    expect([good.its.state, good.its.failureRate]).toEqual(['half_open', 1 / 3]);
    succeed(good.call);
    expect(good.its.state).toBe('closed');
    const sure = await open();
    succeed(sure.call, 3);
    expect(sure.its.state).toBe('closed');
  });

  it('opens again when a trial is slow', async () => {
    const { its, call } = await halfOpen({ halfOpenCalls: 1, slowCall: '1s' });
    call(() => time.block('2s'));
    expect(its.state).toBe('open');
  });

  it('waits for all trials where slow ones may still be too many', async () => {
    const { its, call } = make({ window: 2, failureRate: 1, openFor: '10s', halfOpenCalls: 2, slowCall: '1s', slowCallRate: 1 });
    fail(call, 2);
    await time.advance('10s');
    call(() => time.block('2s'));
    expect(its.state).toBe('half_open');
    call(() => time.block('2s'));
    expect(its.state).toBe('open');
    await time.advance('20s');
    call(() => time.block('2s'));
    succeed(call);
    expect(its.state).toBe('closed');
  });

  it('stays open twice as long after each trial that failed, up to the longest; a success begins anew', async () => {
    const { its, call } = await halfOpen({ halfOpenCalls: 1, maxOpenFor: '35s' });
    const waits: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      fail(call);
      const { retryAfterMs } = refused(call).data;
      waits.push(retryAfterMs);
      time.block(`${retryAfterMs ?? 0}ms`);
    }
    expect(waits).toEqual([20_000, 35_000, 35_000, 35_000]);
    succeed(call);
    expect(its.state).toBe('closed');
    fail(call);
    expect(refused(call).data.retryAfterMs).toBe(10_000);
  });

  it('takes a place back from a trial that is cancelled', async () => {
    const { its, call, load } = await halfOpen({ halfOpenCalls: 1 });
    const gone = Object.assign(new Error('gone'), { name: 'AbortError' });
    const latch = new Latch();
    const trial = load(() => latch.promise.then(() => Promise.reject(gone)));
    refused(call);
    latch.release();
    await expect(trial).rejects.toBe(gone);
    expect(its.state).toBe('half_open');
    succeed(call);
    expect(its.state).toBe('closed');
  });

  it('gives a place away that a trial holds for ever; what comes back late counts still', async () => {
    const { its, call, load } = await halfOpen({ halfOpenCalls: 2 });
    const latch = new Latch<number>();
    const trials = [load(() => latch.promise), load(() => latch.promise)];
    await time.advance('9500ms');
    expect(refused(call).data.retryAfterMs).toBe(500);
    await time.advance('500ms');
    const third = load(() => latch.promise);
    const fourth = load(() => latch.promise);
    refused(call);
    latch.release(1);
    await Promise.all([...trials, third, fourth]);
    expect(its.state).toBe('closed');
    succeed(call, 3);
  });

  it('waits for ever for nobody: without calls it stays as it is', async () => {
    const { its } = await halfOpen({});
    await time.advance('30d');
    expect(its.state).toBe('half_open');
    expect(time.waiting).toBe(0);
  });
});

describe('by hand', () => {
  it('is held open until it is closed', async () => {
    const { its, call, name } = make({ openFor: '1s' });
    its.open('the bank repairs its gateway');
    await time.advance('1h');
    expect(its.state).toBe('forced_open');
    expect(refused(call)).toMatchObject({
      data: { breaker: name, retryAfterMs: undefined },
      message: `Cannot call "${name}": its breaker is held open, until somebody closes it`,
    });
    its.open('again');
    its.close();
    expect(its.state).toBe('closed');
    succeed(call);
  });

  it('is closed at once, and begins to count anew', async () => {
    const { its, call } = make({ window: 3 });
    fail(call, 3);
    its.close();
    fail(call, 2);
    expect(its.state).toBe('closed');
    its.close(); // it is: what was counted stays
    fail(call);
    expect(its.state).toBe('open');
  });

  it('forgets what it counted with reset', () => {
    const { its, call } = make({ window: 2 });
    fail(call);
    its.reset();
    fail(call);
    expect(its.state).toBe('closed');
    fail(call);
    its.reset();
    expect([its.state, its.failureRate]).toEqual(['closed', undefined]);
  });

  it('takes no notice, after reset, of calls that were under way', async () => {
    const { its, load } = make({ consecutive: 1 });
    const latch = new Latch();
    const early = load(() => latch.promise.then(boom));
    its.reset();
    latch.release();
    await expect(early).rejects.toThrow('boom');
    expect(its.state).toBe('closed');
  });
});

describe('the wrapped function', () => {
  it('stays what it was', async () => {
    class Rates {
      factor = 2;
      @breaker({ name: 'rates.of' }) of(amount: number, _unit = 'eur'): number {
        return amount * this.factor;
      }
      @breaker
      async later(amount: number): Promise<number> {
        return amount * this.factor;
      }
    }
    const rates = new Rates();
    expect([rates.of(21), await rates.later(4), rates.of.name, rates.of.length]).toEqual([42, 8, 'of', 1]);
  });

  it('is a legacy decorator of a method', () => {
    class Shop {
      open(): string {
        return 'open';
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'open') as TypedPropertyDescriptor<() => string>;
    Object.defineProperty(Shop.prototype, 'open', breaker({ consecutive: 1 })(Shop.prototype, 'open', descriptor) as PropertyDescriptor);
    expect(new Shop().open()).toBe('open');
    expect(listBreakers().at(-1)?.name).toBe('Shop.open');
  });

  it('counts a generator when it is returned, and a thenable when it is settled', async () => {
    const { its, call, load } = make({ consecutive: 1 });
    const items = call(function* () {
      yield 1;
      boom();
    });
    expect(() => [...items]).toThrow('boom');
    expect(its.state).toBe('closed');
    const query: PromiseLike<number> = { then: (done, failed) => Promise.reject(new Error('no table')).then(done, failed) };
    await expect(load(() => query)).rejects.toThrow('no table');
    expect(its.state).toBe('open');
  });
});

describe('names', () => {
  it('share a state', () => {
    const first = make({ name: 'shared', consecutive: 1 });
    const second = make({ name: 'shared', consecutive: 1 });
    fail(first.call);
    refused(second.call);
    expect(second.its.state).toBe('open');
    expect(() => breaker({ name: 'shared', consecutive: 2 })).toThrow(
      'Cannot make breaker "shared": it exists with another "consecutive", expected the same options or another name',
    );
  });

  it('are the function’s where none is given: each wrapper has a state of its own, for all its functions', () => {
    function fetchRates(): void {
      boom();
    }
    const one = breaker({ consecutive: 1 });
    const two = breaker({ consecutive: 1 });
    const other = one(() => 1);
    const wrapped = one(fetchRates);
    two(fetchRates);
    expect(wrapped).toThrow('boom');
    expect(other).toThrow(BreakerOpen);
    expect([one.state, two.state]).toEqual(['open', 'closed']);
    expect(listBreakers().map(({ name }) => name)).toEqual(expect.arrayContaining(['anonymous', 'fetchRates']));
  });

  it('can wait for the first function: what was done by hand before holds', () => {
    const its = breaker();
    its.open();
    expect(its.state).toBe('forced_open');
    expect(() => its(() => 1)()).toThrow(BreakerOpen);
  });
});

it.each<[unknown, typeof TypeError | typeof RangeError, string]>([
  [{ window: 0 }, RangeError, 'window is 0, expected a whole number from 1 to 100000'],
  [{ window: '10' }, RangeError, 'window is "10", expected a duration over 0 such as "30s"'],
  [{ window: '1ms' }, RangeError, 'window is 1ms, expected 10ms or more'],
  [{ consecutive: 1.5 }, RangeError, 'consecutive is 1.5, expected a whole number from 1 to 100000'],
  [{ consecutive: 5, window: 10 }, TypeError, 'window and consecutive are both given, expected one of them'],
  [{ failureRate: 50 }, RangeError, 'failureRate is 50, expected a share over 0 and up to 1, such as 0.5'],
  [{ failureRate: 0 }, RangeError, 'failureRate is 0, expected a share'],
  [{ window: 10, minimumCalls: 11 }, RangeError, 'minimumCalls is 11, expected a whole number from 1 to 10'],
  [{ slowCallRate: 0.5 }, TypeError, 'slowCallRate is given without slowCall, expected both'],
  [{ openFor: '0s' }, RangeError, 'openFor is "0s", expected a duration over 0'],
  [{ openFor: 30 }, RangeError, 'openFor is 30, expected a duration'],
  [{ openFor: '1m', maxOpenFor: '30s' }, RangeError, 'maxOpenFor is 30s, expected openFor (1m) or more'],
  [{ halfOpenCalls: 0 }, RangeError, 'halfOpenCalls is 0, expected a whole number from 1 to 1000'],
  [{ isFailure: true }, TypeError, 'isFailure is boolean, expected a function'],
  [{ critical: 'yes' }, TypeError, 'critical is string, expected true or false'],
  [{ treshold: 1 }, TypeError, 'unknown option "treshold"'],
])('%j is refused where it is written', (options, kind, message) => {
  const make = (): unknown => breaker(options as BreakerOptions);
  expect(make).toThrow(kind);
  expect(make).toThrow(`Cannot make breaker: ${message}`);
});
