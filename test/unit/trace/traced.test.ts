import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bind } from '../../../src/core/bind.ts';
import { callFailed } from '../../../src/core/events.ts';
import { type CallResult, type FunctionDef, functionDefs } from '../../../src/core/function-def.ts';
import { withSignal } from '../../../src/core/limit.ts';
import { currentScope } from '../../../src/core/scope.ts';
import { type AnyFunction, makeWrapper, mimic, stack } from '../../../src/core/wrapper.ts';
import { configureErrors } from '../../../src/errors/configure.ts';
import { defineError } from '../../../src/errors/define-error.ts';
import { annotate } from '../../../src/trace/annotate.ts';
import { alwaysOff } from '../../../src/trace/engine/sampler.ts';
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

/** What the metrics layer would see of the function `name`. */
function observe(name: string): { result: CallResult; ms: number; caller: string | undefined }[] {
  const calls: { result: CallResult; ms: number; caller: string | undefined }[] = [];
  const def = functionDefs().findLast((candidate) => candidate.name === name) as FunctionDef;
  def.cell = { observe: (ms, result, caller) => calls.push({ ms, result, caller: caller?.name }) };
  return calls;
}

describe('the forms', () => {
  const forms: [string, () => () => void, unknown][] = [
    ['traced(fn)', () => traced(function place() {}), 'place'],
    ['traced(name, fn)', () => traced('orders.place', () => {}), 'orders.place'],
    ['traced(name, options, fn)', () => traced('orders.place', { kind: 'client' }, () => {}), 'orders.place'],
    ['traced(options, fn)', () => traced({ name: 'orders.place', kind: 'client' }, () => {}), 'orders.place'],
    ['traced(options, named function)', () => traced({ kind: 'client' }, function place() {}), 'place'],
    ['traced(name)(fn)', () => traced('orders.place')(() => {}), 'orders.place'],
    ['traced(name, options)(fn)', () => traced('orders.place', { kind: 'client' })(() => {}), 'orders.place'],
    ['traced(options)(fn)', () => traced({ kind: 'client' })(function place() {}), 'place'],
    ['an anonymous function', () => traced(() => {}), expect.stringMatching(/^anonymous \(traced\.test\.ts:\d+\)$/)],
  ];
  it.each(forms)('%s', (_form, make, name) => {
    make()();
    expect(seen.spans.map((one) => one.name)).toEqual([name]);
  });

  it('give the function a definition with module and site', () => {
    traced('with.site', () => {});
    expect(functionDefs().at(-1)).toMatchObject({
      name: 'with.site',
      module: 'test/unit/trace/traced.test',
      site: expect.stringMatching(/^test\/unit\/trace\/traced\.test\.ts:\d+$/),
    });
    traced('with.module', { module: 'shop' }, () => {});
    expect(functionDefs().at(-1)).toMatchObject({ name: 'with.module', module: 'shop' });
  });

  it('keep the objective of the function on its definition', () => {
    traced('with.slo', { slo: { objective: 0.999, latency: '250ms' } }, () => {});
    expect(functionDefs().at(-1)?.slo).toEqual({ objective: 0.999, latencyMs: 250 });
  });

  const refused: [string, unknown[], new (message: string) => Error, string | RegExp][] = [
    ['no function', [undefined], TypeError, 'Cannot trace: is undefined, expected a function'],
    ['a name and no function', ['x', {}, 7], TypeError, 'Cannot trace: is number, expected a function'],
    ['an empty name', ['', () => 1], TypeError, 'Cannot trace "": the name is empty, expected a text'],
    ['options that are a number', ['x', 5, () => 1], TypeError, 'Cannot trace "x": options are number, expected an object'],
    ['two names', ['x', { name: 'y' }, () => 1], TypeError, 'Cannot trace "x": option "name" is "y", expected one name'],
    ['an unknown option', ['x', { colour: 'red' }, () => 1], TypeError, /^Cannot trace "x": option "colour" is unknown, expected one of name, /],
    [
      'an unknown kind',
      ['x', { kind: 'clint' }, () => 1],
      TypeError,
      'Cannot trace "x": kind is "clint", expected one of internal, server, client, producer, consumer',
    ],
    ['an empty boundary', ['x', { boundary: '' }, () => 1], TypeError, 'Cannot trace "x": option "boundary" is empty, expected a text'],
    [
      'attributes that are a text',
      ['x', { attributes: 'a' }, () => 1],
      TypeError,
      'Cannot trace "x": option "attributes" is string, expected an object or a function of the arguments',
    ],
    ['an unknown end', ['x', { until: 'later' }, () => 1], TypeError, 'Cannot trace "x": option "until" is "later", expected "return" or "end"'],
    [
      'an objective of 99.9',
      ['x', { slo: { objective: 99.9 } }, () => 1],
      RangeError,
      'Cannot trace "x": the objective is 99.9, expected a share between 0 and 1 such as 0.999',
    ],
    ['a latency without unit', ['x', { slo: { objective: 0.9, latency: '5' } }, () => 1], RangeError, /latency of "x"/],
  ];
  it.each(refused)('refuse %s where it is written', (_what, args, type, message) => {
    const make = (): unknown => (traced as unknown as AnyFunction)(...args);
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});

describe('decorators', () => {
  class Orders {
    base = 1;
    @traced place(n: number): number {
      return this.base + n;
    }
    @traced('orders.cancel') cancel(): void {}
    @traced({ kind: 'client' }) async fetch(): Promise<string> {
      return 'fetched';
    }
    @traced static open(): string {
      return this.name;
    }
    @traced #secret(): number {
      return this.base;
    }
    secret(): number {
      return this.#secret();
    }
    @traced static #hidden(): string {
      return 'hidden';
    }
    static hidden(): string {
      return this.#hidden();
    }
    @traced field = (n: number): number => this.base * n;
    @traced get total(): number {
      return this.base;
    }
  }
  class Special extends Orders {
    override place(n: number): number {
      return super.place(n) + 100;
    }
  }

  it('name methods after the class they are written in', async () => {
    const special = new Special();
    expect([special.place(1), Orders.open(), special.secret(), Orders.hidden(), special.field(3), special.total]).toEqual([102, 'Orders', 1, 'hidden', 3, 1]);
    special.cancel();
    expect(await special.fetch()).toBe('fetched');
    expect(seen.spans.map(({ name }) => name)).toEqual([
      'Orders.place',
      'Orders.open',
      expect.stringMatching(/\.#secret$/),
      'Orders.#hidden',
      expect.stringMatching(/\.field$/),
      'Orders.total',
      'orders.cancel',
      'Orders.fetch',
    ]);
    expect(seen.named('Orders.fetch').kind).toBe(2);
  });

  it('a method without its object keeps its own name', () => {
    class Loose {
      @traced run(): number {
        return 1;
      }
    }
    const { run } = Loose.prototype;
    expect(run.call(undefined as never)).toBe(1);
    expect(seen.spans.map(({ name }) => name)).toEqual(['run']);
  });

  it('of a class trace its methods in place, but those that are skipped', () => {
    @traced({ skip: ['quiet'] })
    class Shop {
      open(): string {
        return 'open';
      }
      @traced('named.once') named(): void {}
      quiet(): void {}
      @traced.skip silent(): void {}
      static count(): number {
        return 1;
      }
      static Inner = class {};
      get size(): number {
        return 1;
      }
    }
    const shop = new Shop();
    shop.open();
    shop.named();
    shop.quiet();
    shop.silent();
    Shop.count();
    new Shop.Inner();
    expect(shop.size).toBe(1);
    expect(seen.spans.map(({ name }) => name)).toEqual(['Shop.open', 'named.once', 'Shop.count']);
    expect(shop).toBeInstanceOf(Shop);
    expect(Object.keys(Object.getOwnPropertyDescriptors(Shop.prototype))).toEqual(['constructor', 'open', 'named', 'quiet', 'silent', 'size']);
    expect(Object.getOwnPropertyDescriptor(Shop.prototype, 'open')?.enumerable).toBe(false);
  });

  it('of a class refuse to skip what is not there', () => {
    expect(() =>
      traced({ skip: ['opne'] })(
        class Shop {
          open(): void {}
        },
      ),
    ).toThrow('Cannot skip "opne": class "Shop" has no such method, expected one of its own');
  });

  it('traced(Class) is the same', () => {
    class Shop {
      open(): void {}
    }
    expect(traced(Shop)).toBe(Shop);
    new Shop().open();
    expect(seen.spans.map(({ name }) => name)).toEqual(['Shop.open']);
  });

  it('in a stack are found by their method, whatever is around them', () => {
    const other = makeWrapper('double', (fn) =>
      mimic(
        function (this: unknown, ...args: unknown[]) {
          return fn.apply(this, args) * 2;
        } as AnyFunction,
        fn,
      ),
    );
    class Shop {
      @other @traced price(): number {
        return 2;
      }
      @stack(traced, other) cost(): number {
        return 3;
      }
    }
    expect([new Shop().price(), new Shop().cost()]).toEqual([4, 6]);
    expect(seen.spans.map(({ name }) => name)).toEqual(['Shop.price', 'Shop.cost']);
  });
});

describe('what survives', () => {
  it('name, length, own properties, prototype and metadata', () => {
    const original = Object.assign(function Place(_a: number, _b: number) {}, { path: '/orders' });
    (original.prototype as { extra: number }).extra = 5;
    Reflect.defineMetadata('roles', ['admin'], original);
    const fn = traced('x', original);
    expect([fn.name, fn.length, fn.path, fn.prototype]).toEqual(['Place', 2, '/orders', original.prototype]);
    expect(Object.keys(fn)).toEqual(['path']);
    expect(Reflect.getMetadata('roles', fn)).toEqual(['admin']);
  });

  it('metadata of decorated methods', () => {
    class Orders {
      @traced place(_n: number): void {}
    }
    Reflect.defineMetadata('design:paramtypes', [Number], Orders.prototype, 'place');
    expect(Reflect.getMetadata('design:paramtypes', new Orders(), 'place')).toEqual([Number]);
    expect([Orders.prototype.place.name, Orders.prototype.place.length]).toEqual(['place', 1]);
  });

  it('other storages of the program', () => {
    const other = new AsyncLocalStorage<number>();
    const fn = traced('x', () => other.getStore());
    expect(other.run(7, () => fn())).toBe(7);
    const entering = traced('y', () => other.enterWith(9));
    other.run(1, () => {
      entering();
      expect(other.getStore()).toBe(9);
    });
  });
});

describe('attributes and values', () => {
  it('of the call, of the arguments, of annotate and of bind', () => {
    const fn = traced('charge', { attributes: (order: { id: string }) => ({ 'order.id': order.id }) }, (_order: { id: string }) => {
      annotate({ plan: 'pro' });
      bind({ 'request.id': 'r1' });
      span('inner', { attributes: { deep: true }, kind: 'client' }, () => undefined);
    });
    fn({ id: 'o1' });
    expect(seen.named('charge').attributes).toEqual({ 'order.id': 'o1', plan: 'pro', 'request.id': 'r1' });
    expect(seen.named('inner')).toMatchObject({ attributes: { deep: true, 'request.id': 'r1' }, kind: 2 });
    expect(currentScope().values).toBeUndefined();
  });

  it('constant ones', () => {
    traced('x', { attributes: { tier: 1 } }, () => {})();
    expect(seen.named('x').attributes).toEqual({ tier: 1 });
  });

  it('that cannot be read do not stop the call', () => {
    const fn = traced('x', { attributes: (order: { id: string }) => ({ id: order.id }) }, (_order: { id: string }) => 'ran');
    expect(fn(null as never)).toBe('ran');
    expect(seen.named('x').attributes).toEqual({});
  });
});

describe('metrics', () => {
  it('see each call with its result, duration and caller', async () => {
    const inner = traced('m.inner', async (fail: boolean) => {
      if (fail) throw new Error('x');
    });
    const outer = traced('m.outer', async (fail: boolean) => span('between', () => inner(fail).catch(() => undefined)));
    const [inners, outers] = [observe('m.inner'), observe('m.outer')];
    await outer(false);
    await outer(true);
    expect(inners.map(({ result }) => result)).toEqual(['ok', 'error']);
    expect(outers).toEqual([
      { result: 'ok', ms: expect.any(Number), caller: undefined },
      { result: 'ok', ms: expect.any(Number), caller: undefined },
    ]);
    expect(functionDefs().filter(({ active }) => active !== 0)).toEqual([]);
  });

  it('know the traced function that called', () => {
    const inner = traced('n.inner', () => 1);
    const outer = traced('n.outer', () => inner());
    const calls = observe('n.inner');
    outer();
    inner();
    expect(calls.map(({ caller }) => caller)).toEqual(['n.outer', undefined]);
  });

  it('count what is not sampled', () => {
    seen.stop();
    seen = recordSpans({ sampler: alwaysOff });
    const inner = traced('u.inner', () => currentScope().span?.isRecording());
    const outer = traced('u.outer', () => inner());
    const calls = observe('u.inner');
    expect(outer()).toBe(false);
    expect([calls.length, seen.spans.length, seen.dropped]).toEqual([1, 0, 2]);
  });

  it('that throw do not reach the call', () => {
    const fn = traced('t.fn', () => 5);
    const def = functionDefs().findLast(({ name }) => name === 't.fn') as FunctionDef;
    def.cell = {
      observe: () => {
        throw new Error('broken cell');
      },
    };
    expect(fn()).toBe(5);
  });
});

describe('failures', () => {
  it('are published while the span is open, with their scope', () => {
    const published: [unknown, boolean][] = [];
    const stop = callFailed.subscribe(({ error, scope }) => published.push([error, scope.span?.isRecording() === true]));
    const error = new Error('x');
    expect(() =>
      traced('x', () => {
        throw error;
      })(),
    ).toThrow(error);
    stop();
    expect(published).toEqual([[error, true]]);
  });

  it('cross a boundary as an error of the module, with and without an engine', async () => {
    const records: string[] = [];
    const quiet = configureErrors({ lastResort: (line) => records.push(line) });
    const [inner, late] = [new Error('socket'), new Error('late')];
    const pay = traced('pay', { boundary: 'payments' }, () => {
      throw inner;
    });
    const payLater = traced('pay.later', { boundary: 'payments' }, async () => {
      throw late;
    });
    for (const round of ['engine', 'none']) {
      expect(() => pay(), round).toThrow(expect.objectContaining({ name: 'BoundaryError', boundary: 'payments', cause: inner }));
      await expect(payLater(), round).rejects.toMatchObject({ name: 'BoundaryError', cause: late });
      seen.stop();
    }
    expect(seen.named('pay').attributes).toMatchObject({ 'error.type': 'payments/unexpected' });
    expect(seen.named('pay').status).toBe(2);
    quiet();
    expect(records.map((line) => (JSON.parse(line) as Record<string, unknown>)['sonde.error.boundary'])).toEqual(['payments', 'payments']);
  });

  it('keep the known edge cases of a module at its boundary', () => {
    const Declined = defineError('payments/declined', { status: 402, public: 'Declined.' });
    const error = new Declined('no');
    expect(() =>
      traced('pay', { boundary: 'payments' }, () => {
        throw error;
      })(),
    ).toThrow(error);
  });
});

describe('cancelled calls', () => {
  const cancelledWith = async (abort: AbortController, fn: () => unknown): Promise<CallResult[]> => {
    const call = traced('give.up', async () => fn());
    const calls = observe('give.up');
    await expect((async () => withSignal(abort.signal, call))()).rejects.toBeDefined();
    return calls.map(({ result }) => result);
  };

  it.each([
    [
      'the reason of the signal',
      (reason: unknown) => {
        throw reason;
      },
    ],
    [
      'an AbortError',
      () => {
        throw new DOMException('stop', 'AbortError');
      },
    ],
    [
      'an error that was caused by the reason',
      (reason: unknown) => {
        throw new Error('fetch failed', { cause: reason });
      },
    ],
  ])('%s is no error', async (_what, fail) => {
    const abort = new AbortController();
    abort.abort(new Error('deadline'));
    expect(await cancelledWith(abort, () => fail(abort.signal.reason))).toEqual(['cancelled']);
    expect(seen.named('give.up')).toMatchObject({ status: 0, attributes: { 'sonde.cancelled': true } });
  });

  it('another error is one, though the signal is aborted', async () => {
    const abort = new AbortController();
    abort.abort();
    expect(
      await cancelledWith(abort, () => {
        throw new TypeError('bug');
      }),
    ).toEqual(['error']);
    expect(seen.named('give.up').status).toBe(2);
  });
});

describe('without an engine', () => {
  it('the function runs as it is', async () => {
    seen.stop();
    const fn = traced('off', function (this: number, n: number) {
      return this + n;
    });
    expect(fn.call(1, 2)).toBe(3);
    const promise = Promise.resolve(1);
    expect(traced('off.async', () => promise)()).toBe(promise);
    expect(span('off.span', () => 4)).toBe(4);
    annotate({ nobody: true });
    expect(seen.spans).toEqual([]);
  });

  it('a call that began before the engine went is ended by the engine that began it', async () => {
    const fn = traced('long', async () => {
      await Promise.resolve();
    });
    const running = fn();
    seen.stop();
    await running;
    expect(seen.named('long').status).toBe(0);
    expect(functionDefs().findLast(({ name }) => name === 'long')?.active).toBe(0);
  });
});
