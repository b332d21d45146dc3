// What must and what must not compile. Nothing here runs; plain `tsc` is the judge.
import type { Readable } from 'node:stream';
import { expectTypeOf } from 'vitest';
import { traced } from '../../src/trace/traced.ts';

interface Order {
  readonly id: string;
}

const sync = (order: Order, times = 1): string => order.id.repeat(times);
expectTypeOf(traced(sync)).toEqualTypeOf(sync);
expectTypeOf(traced('sync', sync)).toEqualTypeOf(sync);
expectTypeOf(traced({ kind: 'client' }, sync)).toEqualTypeOf(sync);
expectTypeOf(traced('sync', { attributes: (order, times) => ({ id: order.id, times }) }, sync)).toEqualTypeOf(sync);
expectTypeOf(traced('sync')(sync)).toEqualTypeOf(sync);
expectTypeOf(traced({})(sync)).toEqualTypeOf(sync);

const asynchronous = async (order: Order): Promise<number> => order.id.length;
expectTypeOf(traced(asynchronous)).toEqualTypeOf(asynchronous);

const thenable = (order: Order): PromiseLike<Order> => Promise.resolve(order);
expectTypeOf(traced(thenable)).toEqualTypeOf(thenable);

function* generator(limit: number): Generator<number, string, boolean> {
  const more = yield limit;
  return String(more);
}
expectTypeOf(traced(generator)).toEqualTypeOf(generator);

async function* asyncGenerator(limit: number): AsyncGenerator<number, string, boolean> {
  const more = yield limit;
  return String(more);
}
expectTypeOf(traced(asyncGenerator)).toEqualTypeOf(asyncGenerator);

const asyncIterable = (): AsyncIterable<Order> => ({ [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) });
expectTypeOf(traced(asyncIterable)).toEqualTypeOf(asyncIterable);

declare const stream: (path: string) => Readable;
expectTypeOf(traced(stream)).toEqualTypeOf(stream);

declare const callbackLast: (path: string, done: (error: Error | null, text?: string) => void) => void;
expectTypeOf(traced({ callback: true }, callbackLast)).toEqualTypeOf(callbackLast);

const generic = <T extends Order>(item: T, ...more: T[]): T[] => [item, ...more];
const tracedGeneric: typeof generic = traced(generic);
const bareGeneric: typeof tracedGeneric = generic;
void bareGeneric;
expectTypeOf(traced(generic)({ id: 'a', extra: 1 })).toEqualTypeOf<{ id: string; extra: number }[]>();

function overloaded(value: string): string;
function overloaded(value: number): number;
function overloaded(value: string | number): string | number {
  return value;
}
expectTypeOf(traced(overloaded)).toEqualTypeOf(overloaded);
expectTypeOf(traced(overloaded)('a')).toEqualTypeOf<string>();
expectTypeOf(traced(overloaded)(1)).toEqualTypeOf<number>();

function withThis(this: Order, suffix: string): string {
  return this.id + suffix;
}
expectTypeOf(traced(withThis)).toEqualTypeOf(withThis);
// @ts-expect-error `this` is still asked for
traced(withThis)('a');

const isOrder = (value: unknown): value is Order => typeof value === 'object';
expectTypeOf(traced(isOrder)).toEqualTypeOf(isOrder);

const withProperties = Object.assign((order: Order) => order.id, { version: 1 as const });
expectTypeOf(traced(withProperties)).toEqualTypeOf(withProperties);
expectTypeOf(traced(withProperties).version).toEqualTypeOf<1>();

// The check itself can fail: a wider type, and `any`.
// @ts-expect-error
expectTypeOf((a: string | number) => String(a)).toEqualTypeOf((a: string) => a);
// @ts-expect-error
expectTypeOf(sync as any).toEqualTypeOf(sync);

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
