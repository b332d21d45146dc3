// The same decorators under `experimentalDecorators`, as NestJS and TypeORM ask for them. Nothing here runs.
import { expectTypeOf } from 'vitest';
import { stack } from '../../../src/core/wrapper.ts';
import { traced } from '../../../src/trace/traced.ts';

interface Order {
  readonly id: string;
}

@traced
class Orders {
  @traced
  place(order: Order): string {
    return order.id;
  }

  @traced('orders.find', { kind: 'client' })
  static async find(id: string): Promise<Order> {
    return { id };
  }

  @stack(traced('orders.all'), traced.skip)
  async *all<T extends Order>(first: T): AsyncGenerator<T> {
    yield first;
  }

  @traced
  get size(): number {
    return 1;
  }
}
expectTypeOf<Orders['place']>().toEqualTypeOf<(order: Order) => string>();
expectTypeOf(Orders.find).toEqualTypeOf<(id: string) => Promise<Order>>();
expectTypeOf<Orders['all']>().toEqualTypeOf<<T extends Order>(first: T) => AsyncGenerator<T>>();
expectTypeOf<Orders['size']>().toEqualTypeOf<number>();

class Wrong {
  // @ts-expect-error a property has no function to trace under legacy decorators
  @traced
  name = 'a';
}
void Wrong;
