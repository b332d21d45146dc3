import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forget, useDiagWriter } from '../../../src/core/diag.ts';
import { deadline, narrowLimit, signal, withSignal } from '../../../src/core/limit.ts';
import { currentScope, runInScope, Scope } from '../../../src/core/scope.ts';
import { stack } from '../../../src/core/wrapper.ts';
import { cached } from '../../../src/resilience/cached.ts';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordEach } from '../record-each.ts';

const telemetry = recordEach();
let time: ManualClock;
let undoWriter: () => void;
const lines: string[] = [];
beforeEach(() => {
  time = manualClock();
  lines.length = 0;
  undoWriter = useDiagWriter((line) => lines.push(line));
});
afterEach(() => {
  undoWriter();
  time.restore();
});

const calls = (name: string): Record<string, number | undefined> =>
  Object.fromEntries(['hit', 'miss', 'stale', 'shared'].map((kind) => [kind, telemetry.now.metric('sonde_cache_calls_total', { name, kind })]));

/** An asynchronous function whose runs are settled by the test. */
function runs<T>() {
  const open: { readonly args: readonly unknown[]; readonly signal: AbortSignal | undefined; resolve(value: T): void; reject(error: unknown): void }[] = [];
  const fn = (...args: string[]): Promise<T> =>
    new Promise((resolve, reject) => {
      open.push({ args, signal: signal(), resolve, reject });
    });
  return { fn, open };
}

describe('a synchronous function', () => {
  it('stays one, and runs once for the same arguments', () => {
    let count = 0;
    const double = cached('double', (n: number) => {
      count++;
      return n * 2;
    });
    expect([double(2), double(2), double(3), double(2)]).toEqual([4, 4, 6, 4]);
    expect(count).toBe(2);
    expect(calls('double')).toEqual({ hit: 2, miss: 2, stale: 0, shared: 0 });
    expect([double.size, double.length]).toEqual([2, 1]);
    expect(telemetry.now.metric('sonde_cache_entries', { name: 'double' })).toBe(2);
  });

  it.each([undefined, null, Number.NaN, false, 0, ''])('keeps %s', (value) => {
    let count = 0;
    const give = cached(() => {
      count++;
      return value;
    });
    expect([give(), give()]).toEqual([value, value]);
    expect(count).toBe(1);
  });

  it('keeps no error', () => {
    let count = 0;
    const fail = cached(() => {
      throw new Error(`no ${++count}`);
    });
    expect(fail).toThrow('no 1');
    expect(fail).toThrow('no 2');
    expect(fail.size).toBe(0);
  });

  it('runs again after the time', () => {
    let count = 0;
    const next = cached({ ttl: '10s' }, () => ++count);
    expect([next(), next()]).toEqual([1, 1]);
    time.block('10s');
    expect(next()).toBe(1);
    time.block('1ms');
    expect(next()).toBe(2);
  });

  it('gives the old result where it fails, and its failure is reported', () => {
    let count = 0;
    const next = cached({ name: 'stale sync', ttl: '10s', stale: '1m' }, () => {
      if (++count === 2) throw new Error('second');
      return count;
    });
    expect(next()).toBe(1);
    time.block('11s');
    expect([next(), calls('stale sync'), telemetry.now.errors.map((record) => [record['exception.message'], record['sonde.resilience.cache']])]).toEqual([
      1,
      { hit: 0, miss: 1, stale: 1, shared: 0 },
      [['second', 'stale sync']],
    ]);
    expect(next()).toBe(3);
    time.block('2m');
    count = 1;
    expect(next).toThrow('second');
  });

  it('stays cancelled where it was, whatever is kept', () => {
    let count = 0;
    const next = cached({ ttl: '10s', stale: '1m' }, () => {
      if (++count === 2) throw new DOMException('away', 'AbortError');
      return count;
    });
    next();
    time.block('11s');
    expect(next).toThrow('away');
  });
});

describe('an asynchronous function', () => {
  it('gives a promise each time and runs once', async () => {
    const { fn, open } = runs<string | undefined>();
    const load = cached({ name: 'load', ttl: '30s' }, fn);
    const first = load('a');
    open[0]?.resolve(undefined);
    expect(await first).toBeUndefined();
    const second = load('a');
    expect(second).toBeInstanceOf(Promise);
    expect(await second).toBeUndefined();
    expect(open).toHaveLength(1);
    expect(calls('load')).toEqual({ hit: 1, miss: 1, stale: 0, shared: 0 });
  });

  it('runs once for concurrent calls, which are events of their spans', async () => {
    const { fn, open } = runs<string>();
    const load = cached({ name: 'shared' }, traced('inner', fn));
    const first = traced('first', () => load('a'))();
    const second = traced('second', () => load('a'))();
    expect(open).toHaveLength(1);
    open[0]?.resolve('value');
    expect([await first, await second]).toEqual(['value', 'value']);
    expect(calls('shared')).toEqual({ hit: 0, miss: 1, stale: 0, shared: 1 });
    const span = (name: string) => telemetry.now.spansNamed(name)[0];
    expect(span('inner')?.traceId).toBe(span('first')?.traceId);
    expect(span('second')?.events).toMatchObject([
      {
        name: 'cache.shared',
        attributes: { 'sonde.resilience.name': 'shared', 'sonde.cache.trace_id': span('first')?.traceId, 'sonde.cache.span_id': span('first')?.spanId },
      },
    ]);
    await traced('third', () => load('a'))();
    expect([span('first')?.events, span('third')?.events]).toMatchObject([[{ name: 'cache.miss' }], [{ name: 'cache.hit' }]]);
  });

  it('rejects all who share a run that fails, and keeps nothing', async () => {
    const { fn, open } = runs<string>();
    const load = cached(fn);
    const both = Promise.allSettled([load('a'), load('a')]);
    open[0]?.reject(new Error('no'));
    expect((await both).map((each) => each.status)).toEqual(['rejected', 'rejected']);
    expect(load.size).toBe(0);
    void load('a').catch(() => {});
    expect(open).toHaveLength(2);
    open[1]?.reject(new Error('no'));
  });

  it('leaves a rejection that nobody handles unhandled', async () => {
    const seen: unknown[] = [];
    const before = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (error) => seen.push(error));
    const error = new Error('nobody');
    void cached(() => Promise.reject(error))();
    await new Promise((resolve) => setImmediate(resolve));
    process.removeAllListeners('unhandledRejection');
    for (const listener of before) process.on('unhandledRejection', listener);
    expect(seen).toEqual([error]);
  });

  it('takes a thenable for a promise', async () => {
    let count = 0;
    const load = cached((): PromiseLike<number> => ({ then: (...args: never[]) => Promise.resolve(++count).then(...args) }));
    expect([await load(), await load()]).toEqual([1, 1]);
  });

  it('keeps what hangs on its promise', async () => {
    const load = cached(() => Object.assign(Promise.resolve(1), { pid: 7 }));
    const first = load();
    expect(first.pid).toBe(7);
    await first;
  });
});

describe('stale results', () => {
  it('are given at once, while one run makes a new one', async () => {
    const { fn, open } = runs<string>();
    const load = cached({ name: 'revalidated', ttl: '10s', stale: '1m' }, fn);
    const first = load('a');
    open[0]?.resolve('old');
    await first;
    await time.advance('11s');
    expect(await Promise.all([load('a'), load('a')])).toEqual(['old', 'old']);
    expect(open).toHaveLength(2);
    open[1]?.resolve('new');
    await time.advance('0ms');
    expect(await load('a')).toBe('new');
    expect(calls('revalidated')).toEqual({ hit: 1, miss: 1, stale: 2, shared: 0 });
    expect(time.waiting).toBe(0);
  });

  it('are given while the new ones fail, whose failures are reported; then callers wait again', async () => {
    const { fn, open } = runs<string>();
    const load = cached({ name: 'failing refresh', ttl: '10s', stale: '1m' }, fn);
    const first = load('a');
    open[0]?.resolve('old');
    await first;
    await time.advance('11s');
    expect(await load('a')).toBe('old');
    open[1]?.reject(new Error('down'));
    await time.advance('0ms');
    expect(telemetry.now.errors.map((record) => [record['exception.message'], record['sonde.resilience.cache'], record['sonde.resilience.stale']])).toEqual([
      ['down', 'failing refresh', true],
    ]);
    expect(await load('a')).toBe('old');
    open[2]?.reject(undefined);
    await time.advance('1m');
    const last = load('a');
    open[3]?.resolve('new');
    expect(await last).toBe('new');
  });

  it('are made anew by a run that no caller ends, but the time for which the old one may be given', async () => {
    const { fn, open } = runs<string>();
    const load = cached({ ttl: '10s', stale: '1m' }, fn);
    const first = load('a');
    open[0]?.resolve('old');
    await first;
    await time.advance('20s');
    const caller = new AbortController();
    expect(await withSignal(caller.signal, () => load('a'))).toBe('old');
    caller.abort();
    expect(open[1]?.signal?.aborted).toBe(false);
    await time.advance('50s');
    expect(open[1]?.signal?.reason).toMatchObject({ name: 'TimeoutError' });
    void load('a');
    expect(open).toHaveLength(3);
    open[1]?.reject(open[1].signal?.reason);
    await time.advance('0ms');
    expect(telemetry.now.errors.map((record) => record['exception.type'])).toEqual(['TimeoutError']);
  });

  it('are made anew though one who waits for that goes', async () => {
    const { fn, open } = runs<string>();
    const load = cached({ ttl: '10s', stale: '1m', max: 1 }, fn);
    const first = load('a');
    open[0]?.resolve('old');
    await first;
    await time.advance('11s');
    await load('a');
    const other = load('b');
    open[2]?.resolve('the only one that is kept');
    await other;
    const caller = new AbortController();
    const waits = withSignal(caller.signal, () => load('a'));
    caller.abort(new Error('gone'));
    await expect(waits).rejects.toThrow('gone');
    expect([open.length, open[1]?.signal?.aborted]).toEqual([3, false]);
    open[1]?.resolve('new');
    await time.advance('0ms');
    expect(await load('a')).toBe('new');
  });

  it('may be made anew by a function that throws or answers at once', async () => {
    let mode = 'promise';
    const load = cached({ ttl: '10s', stale: '1m' }, (): unknown => {
      if (mode === 'throws') throw new Error('at once');
      return mode === 'promise' ? Promise.resolve('promised') : 'bare';
    });
    await load();
    await time.advance('11s');
    mode = 'throws';
    expect(await load()).toBe('promised');
    expect(telemetry.now.errors).toHaveLength(1);
    mode = 'bare';
    expect(await load()).toBe('promised');
    expect(load()).toBe('bare');
  });
});

describe('callers that go', () => {
  const abortable = (): { controller: AbortController; call: <T>(fn: () => T) => T } => {
    const controller = new AbortController();
    return { controller, call: (fn) => withSignal(controller.signal, fn) };
  };

  it('reject themselves alone; the first one too', async () => {
    const { fn, open } = runs<string>();
    const load = cached(fn);
    const [a, b] = [abortable(), abortable()];
    const first = a.call(() => load('x'));
    const second = b.call(() => load('x'));
    const gone = new Error('gone');
    a.controller.abort(gone);
    await expect(first).rejects.toBe(gone);
    expect(open[0]?.signal?.aborted).toBe(false);
    open[0]?.resolve('value');
    expect(await second).toBe('value');
    expect(load.size).toBe(1);
  });

  it('abort the run when nobody waits any more; the next call begins another', async () => {
    const { fn, open } = runs<string>();
    const load = cached(fn);
    const [a, b] = [abortable(), abortable()];
    const all = Promise.allSettled([a.call(() => load('x')), b.call(() => load('x'))]);
    a.controller.abort(new Error('first'));
    expect(open[0]?.signal?.aborted).toBe(false);
    b.controller.abort(new Error('second'));
    expect(open[0]?.signal?.reason).toMatchObject({ message: 'second' });
    expect((await all).map((each) => (each as PromiseRejectedResult).reason.message)).toEqual(['first', 'second']);
    const again = load('x');
    expect(open).toHaveLength(2);
    open[0]?.resolve('too late');
    open[1]?.resolve('new');
    expect([await again, await load('x')]).toEqual(['new', 'new']);
  });

  it('leave the run to one without a signal', async () => {
    const { fn, open } = runs<string>();
    const load = cached(fn);
    const { controller, call } = abortable();
    const first = call(() => load('x'));
    const second = load('x');
    controller.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(open[0]?.signal?.aborted).toBe(false);
    open[0]?.resolve('value');
    expect(await second).toBe('value');
  });

  it('take nothing from a run that was begun without a signal', async () => {
    const { fn, open } = runs<string>();
    const load = cached(fn);
    const first = load('x');
    const { controller, call } = abortable();
    const second = call(() => load('x'));
    controller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    expect(open[0]?.signal).toBeUndefined();
    open[0]?.resolve('value');
    expect(await first).toBe('value');
  });

  it('are refused where they are gone already, and begin no shared run', async () => {
    const { fn, open } = runs<string>();
    const load = cached(fn);
    const gone = AbortSignal.abort(new Error('gone'));
    void withSignal(gone, () => load('x'));
    expect(open[0]?.signal?.aborted).toBe(true);
    const first = load('x');
    expect(open).toHaveLength(2);
    await expect(withSignal(gone, () => load('x'))).rejects.toThrow('gone');
    open[0]?.resolve('other');
    open[1]?.resolve('value');
    expect([await first, await withSignal(gone, () => load('x'))]).toEqual(['value', 'value']);
  });

  it('abort a run that they leave while it begins', async () => {
    const caller = new AbortController();
    const seen: (AbortSignal | undefined)[] = [];
    const load = cached(() => {
      caller.abort(new Error('gone'));
      const own = signal();
      seen.push(own);
      return new Promise((_resolve, reject) => own?.addEventListener('abort', () => reject(own.reason)));
    });
    await expect(withSignal(caller.signal, load)).rejects.toThrow('gone');
    expect(seen.map((own) => own?.aborted)).toEqual([true]);
  });

  it('leave the latest of their deadlines to the run', async () => {
    const left: (number | undefined)[] = [];
    let go = (): void => {};
    const load = cached(async () => {
      left.push(deadline()?.leftMs);
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      left.push(deadline()?.leftMs);
    });
    const within = (ms: number): Promise<void> => {
      const scope = new Scope(currentScope());
      scope.limit = narrowLimit(undefined, time.mono() + ms, new AbortController().signal);
      return runInScope(scope, load);
    };
    const all = [within(100), within(500), within(300)];
    go();
    await Promise.all(all);
    expect(left).toEqual([100, 500]);
  });

  it('leave no listener behind', async () => {
    const { fn, open } = runs<string>();
    const load = cached(fn);
    const { controller, call } = abortable();
    let listeners = 0;
    const { addEventListener, removeEventListener } = controller.signal;
    await call(async () => {
      const watched = signal() as AbortSignal;
      watched.addEventListener = (...args: Parameters<typeof addEventListener>) => {
        listeners++;
        addEventListener.apply(watched, args);
      };
      watched.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
        listeners--;
        removeEventListener.apply(watched, args);
      };
      const both = [load('x'), load('x')];
      expect(listeners).toBe(1);
      open[0]?.resolve('value');
      await Promise.all(both);
    });
    expect(listeners).toBe(0);
  });
});

describe('the key', () => {
  it('keeps arguments apart', () => {
    const tell = cached((...args: unknown[]) => args.map((arg) => `${typeof arg} ${String(arg)}`).join());
    const all: unknown[][] = [
      ['1'],
      [1],
      [1n],
      [true],
      [undefined],
      [null],
      ['null'],
      [],
      ['a', 'b'],
      ['a,b'],
      ['__proto__'],
      ['constructor'],
      [''],
      [Number.NaN],
      [0],
    ];
    for (const args of [...all, ...all]) expect(tell(...args)).toBe(args.map((arg) => `${typeof arg} ${String(arg)}`).join());
    expect(tell.size).toBe(all.length);
  });

  it('is missing for objects: their calls pass, and one line says what is needed', () => {
    let count = 0;
    const find = cached('orders.find', (_where: object, _n?: number) => ++count);
    const where = {};
    expect([find(where), find(where)]).toEqual([1, 2]);
    expect(lines).toEqual([
      'sonde: the cached "orders.find" works without its cache: argument 1 is no text, number or other primitive, so that its calls are not cached; option "key" can make a text of the arguments\n',
    ]);
    expect(calls('orders.find')).toEqual({ hit: 0, miss: 2, stale: 0, shared: 0 });
    find.invalidate(where);
    forget('cached-key-orders.find');
  });

  it('is made by a function', () => {
    let count = 0;
    const find = cached({ key: ({ id }: { id: string }) => (id === 'never' ? undefined : id) }, (_query: { id: string }) => ++count);
    expect([find({ id: 'a' }), find({ id: 'a' }), find({ id: 'b' }), find({ id: 'never' }), find({ id: 'never' })]).toEqual([1, 1, 2, 3, 4]);
    find.invalidate({ id: 'a' });
    expect([find({ id: 'b' }), find({ id: 'a' })]).toEqual([2, 5]);
    expect(lines).toEqual([]);
  });

  it.each<[string, () => unknown, string]>([
    ['throws', () => (undefined as unknown as { x: string }).x, 'option "key" threw TypeError'],
    ['gives no text', () => 5, 'option "key" gave a number, expected a text'],
  ])('that %s lets the call pass', (name, key, line) => {
    let count = 0;
    const next = cached({ name, key: key as () => string })(() => ++count);
    expect([next(), next()]).toEqual([1, 2]);
    expect(lines[0]).toContain(line);
    forget(`cached-key-${name}`);
  });
});

describe('methods', () => {
  class Rates {
    runs = 0;
    readonly #base: string;
    constructor(base: string) {
      this.#base = base;
    }

    @cached({ ttl: '1m' })
    of(pair: string): string {
      this.runs++;
      return `${this.#base} ${pair}`;
    }

    @cached('rates.load')
    async load(pair: string): Promise<string> {
      this.runs++;
      return `${this.#base} ${pair}`;
    }
  }

  it('share nothing between two objects', async () => {
    const [a, b] = [new Rates('a'), new Rates('b')];
    expect([a.of('x'), b.of('x'), a.of('x'), b.of('x')]).toEqual(['a x', 'b x', 'a x', 'b x']);
    expect(await Promise.all([a.load('x'), b.load('x'), a.load('x')])).toEqual(['a x', 'b x', 'a x']);
    expect([a.runs, b.runs]).toEqual([2, 2]);
  });

  it('are invalidated for every object', () => {
    const [a, b] = [new Rates('a'), new Rates('b')];
    const { invalidate } = Rates.prototype.of as unknown as { invalidate(pair: string): void };
    for (const rates of [a, b]) for (const pair of ['x', 'y']) rates.of(pair);
    invalidate('x');
    for (const rates of [a, b]) for (const pair of ['x', 'y']) rates.of(pair);
    expect([a.runs, b.runs]).toEqual([3, 3]);
  });

  it('of two classes are counted apart, and show their cache before the first call too', () => {
    class Orders {
      @cached find(): number {
        return 1;
      }
    }
    class Users {
      @cached find(): number {
        return 2;
      }
    }
    expect((Users.prototype.find as unknown as { size: number }).size).toBe(0);
    expect([new Orders().find(), new Users().find()]).toEqual([1, 2]);
    expect(calls('Orders.find')).toMatchObject({ hit: 0, miss: 1 });
  });

  it('work with legacy decorators', () => {
    class Shop {
      count = 0;
      open(): number {
        return ++this.count;
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'open') as TypedPropertyDescriptor<() => number>;
    Object.defineProperty(Shop.prototype, 'open', cached(Shop.prototype, 'open', descriptor) as PropertyDescriptor);
    const shop = new Shop();
    expect([shop.open(), shop.open()]).toEqual([1, 1]);
    expect(calls('Shop.open')).toMatchObject({ hit: 1, miss: 1 });
  });
});

describe('what is held', () => {
  it('is bounded: what was asked for longest ago goes', () => {
    let count = 0;
    const next = cached({ max: 2 }, (_key: string) => ++count);
    expect([next('a'), next('b'), next('a'), next('c'), next('a'), next('b')]).toEqual([1, 2, 1, 3, 1, 4]);
    expect(next.size).toBe(2);
  });

  it('can be forgotten, while a run is under way too', async () => {
    const { fn, open } = runs<string>();
    const load = cached(fn);
    const first = load('a');
    load.invalidate('a');
    const second = load('a');
    expect(open).toHaveLength(2);
    open[1]?.resolve('new');
    open[0]?.resolve('old');
    expect([await first, await second, await load('a')]).toEqual(['old', 'new', 'new']);
    const third = load('b');
    load.clear();
    open[2]?.resolve('dropped');
    await third;
    expect(load.size).toBe(0);
  });

  it.each<[string, () => unknown]>([
    [
      'a generator',
      function* () {
        yield 1;
      },
    ],
    ['a stream', () => Readable.from(['a'])],
    ['a response', () => new Response('a')],
  ])('is not %s', async (what, fn) => {
    const sync = cached(`sync ${what}`, fn);
    const asynchronous = cached(`async ${what}`, async () => fn());
    expect(sync()).not.toBe(sync());
    const [first, second] = await Promise.all([asynchronous(), asynchronous()]);
    expect(first).not.toBe(second);
    expect(await asynchronous()).not.toBe(first);
    expect(lines.map((line) => line.includes('can be read once'))).toEqual([true, true]);
    for (const kind of ['sync', 'async']) forget(`cached-one-shot-${kind} ${what}`);
  });
});

it('two functions of one name share counts, not results', () => {
  const [one, two] = [cached('same', () => 1), cached('same', () => 2)];
  expect([one(), two(), one()]).toEqual([1, 2, 1]);
  expect(calls('same')).toMatchObject({ hit: 1, miss: 2 });
  expect(telemetry.now.metric('sonde_cache_entries', { name: 'same' })).toBe(2);
});

it('shows its cache through other wrappers', () => {
  const load = traced(
    'outside',
    cached((n: number) => n),
  );
  load(1);
  expect(load.size).toBe(1);
  load.clear();
  expect([load.size, stack(cached(), traced('in a stack'))((n: number) => n)(3)]).toEqual([0, 3]);
});

it.each<[object, string]>([
  [{ ttl: 5 }, 'Cannot make cached: option "ttl" is "5", expected a duration such as "30s"'],
  [{ ttl: '0s' }, 'option "ttl" is "0s"'],
  [{ ttl: '1s', stale: 'soon' }, 'option "stale" is "soon"'],
  [{ stale: '1s' }, 'option "stale" is there without "ttl"'],
  [{ max: 0 }, 'option "max" is 0, expected a whole number from 1'],
  [{ max: 1.5 }, 'option "max" is 1.5'],
  [{ key: 'id' }, 'option "key" is string, expected a function of the arguments'],
  [{ tll: '1s' }, 'unknown option "tll", did you mean "ttl"?'],
])('%j is refused where it is written', (options, message) => {
  expect(() => cached(options)).toThrow(message);
});
