// What must and what must not compile. Nothing here runs; plain `tsc` is the judge.
import type { Readable } from 'node:stream';
import { expectTypeOf } from 'vitest';
import { traced } from '../../src/trace/traced.ts';

type Probe<A> = <T>() => T extends A ? 1 : 2;
type Same<A, B> = Probe<A> extends Probe<B> ? true : false;

/** `traced(f)` has the type of `f`, neither narrower nor wider: it can stand wherever `f` can, and the other way round. */
function sameBothWays<A, B>(original: A, wrapped: B, ..._proof: Same<A, B> extends true ? [] : ['another type']): void {
  void [original, wrapped];
}
// @ts-expect-error the check itself can fail: a wider type
sameBothWays(
  (a: string) => a,
  (a: string | number) => String(a),
);
// @ts-expect-error the check itself can fail: `any`
sameBothWays((a: string) => a, (() => '') as any);

interface Order {
  readonly id: string;
}

const sync = (order: Order, times = 1): string => order.id.repeat(times);
sameBothWays(sync, traced(sync));
sameBothWays(sync, traced('sync', sync));
sameBothWays(sync, traced({ kind: 'client' }, sync));
sameBothWays(sync, traced('sync', { attributes: (order, times) => ({ id: order.id, times }) }, sync));
sameBothWays(sync, traced('sync')(sync));
sameBothWays(sync, traced({})(sync));

const asynchronous = async (order: Order): Promise<number> => order.id.length;
sameBothWays(asynchronous, traced(asynchronous));

const thenable = (order: Order): PromiseLike<Order> => Promise.resolve(order);
sameBothWays(thenable, traced(thenable));

function* generator(limit: number): Generator<number, string, boolean> {
  const more = yield limit;
  return String(more);
}
sameBothWays(generator, traced(generator));

async function* asyncGenerator(limit: number): AsyncGenerator<number, string, boolean> {
  const more = yield limit;
  return String(more);
}
sameBothWays(asyncGenerator, traced(asyncGenerator));

const asyncIterable = (): AsyncIterable<Order> => ({ [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) });
sameBothWays(asyncIterable, traced(asyncIterable));

declare const stream: (path: string) => Readable;
sameBothWays(stream, traced(stream));

declare const callbackLast: (path: string, done: (error: Error | null, text?: string) => void) => void;
sameBothWays(callbackLast, traced({ callback: true }, callbackLast));

const generic = <T extends Order>(item: T, ...more: T[]): T[] => [item, ...more];
sameBothWays(generic, traced(generic));
expectTypeOf(traced(generic)({ id: 'a', extra: 1 })).toEqualTypeOf<{ id: string; extra: number }[]>();

function overloaded(value: string): string;
function overloaded(value: number): number;
function overloaded(value: string | number): string | number {
  return value;
}
sameBothWays(overloaded, traced(overloaded));
expectTypeOf(traced(overloaded)('a')).toEqualTypeOf<string>();
expectTypeOf(traced(overloaded)(1)).toEqualTypeOf<number>();

function withThis(this: Order, suffix: string): string {
  return this.id + suffix;
}
sameBothWays(withThis, traced(withThis));
// @ts-expect-error `this` is still asked for
traced(withThis)('a');

const isOrder = (value: unknown): value is Order => typeof value === 'object';
sameBothWays(isOrder, traced(isOrder));

const withProperties = Object.assign((order: Order) => order.id, { version: 1 as const });
sameBothWays(withProperties, traced(withProperties));
expectTypeOf(traced(withProperties).version).toEqualTypeOf<1>();

// @ts-expect-error arguments are still checked
traced(sync)(1);
// @ts-expect-error attributes are made of the call's own arguments
traced('sync', { attributes: (order: number) => ({ order }) }, sync);
// @ts-expect-error a kind is one of five words
traced({ kind: 'servant' }, sync);
// @ts-expect-error an unknown option
traced({ colour: 'red' }, sync);
// @ts-expect-error only functions can be traced
traced('name', 42);

@traced
class Orders {
  @traced
  place(order: Order): string {
    return order.id;
  }

  @traced('orders.find')
  static async find(id: string): Promise<Order> {
    return { id };
  }

  @traced({ kind: 'internal' })
  #check<T extends Order>(order: T): T {
    return order;
  }

  @traced.skip
  async *all(): AsyncGenerator<Order> {
    yield this.#check({ id: 'a' });
  }

  @traced
  handle = (order: Order): string => this.place(order);
}
expectTypeOf<Orders['place']>().toEqualTypeOf<(order: Order) => string>();
expectTypeOf(Orders.find).toEqualTypeOf<(id: string) => Promise<Order>>();
expectTypeOf<Orders['all']>().toEqualTypeOf<() => AsyncGenerator<Order>>();
expectTypeOf(new Orders().handle).toEqualTypeOf<(order: Order) => string>();
