import { describe, expect, it } from 'vitest';
import { withSignal } from '../../../src/core/limit.ts';
import { stack } from '../../../src/core/wrapper.ts';
import { defineError } from '../../../src/errors/define-error.ts';
import { errorIdOf } from '../../../src/errors/report.ts';
import { fallback } from '../../../src/resilience/fallback.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordEach } from '../record-each.ts';
import { thrown } from '../thrown.ts';

const Gone = defineError('test/gone', { status: 410 });

const telemetry = recordEach();

const calls = (name: string): unknown[] =>
  ['successful', 'recovered', 'failed'].map((kind) => telemetry.now.metric('sonde_fallback_calls_total', { name, kind }));

describe('what the caller gets', () => {
  it('is what the function gives, as it gives it', async () => {
    const sync = fallback('given', { to: 0 }, (n: number) => n * 2);
    const asynchronous = fallback('given', { to: 0 }, async (n: number) => n * 2);
    expect(sync(21)).toBe(42);
    expect(asynchronous(21)).toBeInstanceOf(Promise);
    expect(await asynchronous(21)).toBe(42);
    expect(calls('given')).toEqual([3, 0, 0]);
    expect(telemetry.now.errors).toEqual([]);
  });

  it('is the value where a synchronous function throws, at once', () => {
    const list = fallback('throws', { to: ['none'] }, (): string[] => {
      throw new Error('no list');
    });
    expect(list()).toEqual(['none']);
    expect(calls('throws')).toEqual([0, 1, 0]);
  });

  it.each<[string, () => PromiseLike<number>]>([
    ['a promise', () => Promise.reject(new Error('no'))],
    ['a thenable', () => ({ then: (_: unknown, onError?: ((error: unknown) => never) | null) => Promise.reject(new Error('no')).then(null, onError) })],
  ])('is a promise of the value where %s is rejected', async (_what, fn) => {
    const answered = fallback({ name: 'rejected', to: 7 }, fn)();
    expect(answered).toBeInstanceOf(Promise);
    expect(await answered).toBe(7);
  });

  it.each([undefined, null, 0, ''])('may be %s', async (to) => {
    const fail = (): never => {
      throw new Error('no');
    };
    expect(fallback({ to })(fail)()).toBe(to);
    expect(await fallback({ to })(async () => fail())()).toBe(to);
  });

  it('is made of the error, the arguments and `this`', async () => {
    class Rates {
      base = 2;
      @fallback({
        name: 'rates.of',
        to: function (this: Rates, error: unknown, pair: string) {
          return `${(error as Error).message} ${pair} ${this.base}`;
        },
      })
      async of(pair: string): Promise<string> {
        throw new Error(`no ${pair}`);
      }
    }
    expect(await new Rates().of('eurusd')).toBe('no eurusd eurusd 2');
    expect([new Rates().of.name, new Rates().of.length]).toEqual(['of', 1]);
  });

  it('is awaited where the fallback is asynchronous', async () => {
    const load = fallback({ to: async (_error, n: number) => n + 1 }, async (n: number): Promise<number> => Promise.reject(new Error(`no ${n}`)));
    expect(await load(1)).toBe(2);
  });

  it('is the same as a legacy decorator', () => {
    class Shop {
      open(): string {
        throw new Error('closed');
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'open') as TypedPropertyDescriptor<() => string>;
    Object.defineProperty(Shop.prototype, 'open', fallback({ to: 'tomorrow' })(Shop.prototype, 'open', descriptor) as PropertyDescriptor);
    expect(new Shop().open()).toBe('tomorrow');
    expect(calls('Shop.open')).toEqual([0, 1, 0]);
  });
});

describe('the failure', () => {
  it('is reported: a bug as a bug, a known edge case as a warning, with who answered', async () => {
    const fail = (error: Error) => fallback('reported', { to: 'other' })(() => Promise.reject(error));
    const bug = new TypeError('x is not a function');
    await fail(bug)();
    await fail(new Gone('it is gone'))();
    expect(telemetry.now.errors.map((record) => [record['level'], record['sonde.error.kind'], record['sonde.resilience.fallback']])).toEqual([
      ['error', 'bug', 'reported'],
      ['warn', 'known', 'reported'],
    ]);
    expect(telemetry.now.errors[0]?.['error.id']).toBe(errorIdOf(bug));
  });

  it('is an event of the running span', async () => {
    const bug = new TypeError('no');
    await traced('caller', async () => fallback('evented', { to: 1 })(() => Promise.reject(bug))())();
    expect(telemetry.now.spansNamed('caller')[0]?.events).toMatchObject([
      { name: 'fallback', attributes: { 'sonde.resilience.name': 'evented', 'error.type': 'TypeError', 'error.id': errorIdOf(bug) } },
    ]);
  });

  it('goes on to the caller where it is not meant', async () => {
    const load = fallback({ name: 'meant', to: 1, on: (error) => error instanceof Gone }, async (error: Error): Promise<number> => Promise.reject(error));
    const bug = new Error('bug');
    expect(await load(new Gone('gone'))).toBe(1);
    await expect(load(bug)).rejects.toBe(bug);
    expect(calls('meant')).toEqual([0, 1, 1]);
    expect(telemetry.now.errors).toHaveLength(1);
  });

  it('goes on to the caller where `on` itself throws', () => {
    const no = new Error('no');
    const load = fallback({
      name: 'on throws',
      to: 1,
      on: () => {
        throw new Error('on');
      },
    })(() => {
      throw no;
    });
    expect(thrown(load)).toBe(no);
  });

  it('stays a cancellation', async () => {
    const life = new AbortController();
    const load = fallback({ name: 'cancelled', to: 1 }, async (reason: unknown): Promise<number> => Promise.reject(reason));
    await expect(load(new DOMException('away', 'AbortError'))).rejects.toThrow('away');
    life.abort(new Error('caller went'));
    await expect(withSignal(life.signal, () => load(life.signal.reason))).rejects.toThrow('caller went');
    expect(calls('cancelled')).toEqual([0, 0, 0]);
    expect(telemetry.now.errors).toEqual([]);
  });
});

describe('a fallback that fails', () => {
  const first = new Error('first');
  const failing = (to: (error: unknown) => unknown): (() => unknown) =>
    fallback({ name: 'fails', to })((): unknown => {
      throw first;
    });

  it('throws its own error, caused by the failure', async () => {
    const second = new Error('second');
    const sync = failing(() => {
      throw second;
    });
    expect(thrown(sync)).toBe(second);
    expect(second.cause).toBe(first);
    expect(telemetry.now.errors).toEqual([]);
    const third = new Error('third');
    await expect(failing(() => Promise.reject(third))()).rejects.toBe(third);
    expect(third.cause).toBe(first);
    expect(calls('fails')).toEqual([0, 0, 2]);
  });

  it('leaves a cause of its own; the failure then has a record of its own', () => {
    const root = new Error('root');
    const second = new Error('second', { cause: root });
    const sync = failing(() => {
      throw second;
    });
    expect(thrown(sync)).toBe(second);
    expect(second.cause).toBe(root);
    expect(telemetry.now.errors.map((record) => record['exception.message'])).toEqual(['first']);
  });

  it.each<[string, unknown]>([
    ['frozen', Object.freeze(new Error('frozen'))],
    ['no error', 'text'],
    ['the failure itself', first],
  ])('throws what is %s as it is', (_what, second) => {
    const sync = failing(() => {
      throw second;
    });
    expect(thrown(sync)).toBe(second);
    expect(first.cause).toBeUndefined();
  });
});

it.each<[object, string]>([
  [{}, 'Cannot make fallback: option "to" is missing'],
  [{ to: 1, on: true }, 'Cannot make fallback: option "on" is boolean, expected a function of the error'],
  [{ to: 1, name: '' }, 'Cannot make fallback "": its name is empty'],
  [{ to: 1, un: 1 }, 'Cannot make fallback: unknown option "un", did you mean "on"?'],
])('%j is refused where it is written', (options, message) => {
  expect(() => fallback(options as { to: number })).toThrow(message);
});

it('counts from its making, and is a part of a stack', () => {
  const load = stack(fallback('stacked', { to: 2 }), traced('stacked'))(() => 1);
  expect(calls('stacked')).toEqual([0, 0, 0]);
  expect(load()).toBe(1);
});
