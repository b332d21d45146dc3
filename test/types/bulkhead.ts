// What must and what must not compile. Nothing here runs; plain `tsc` is the judge.
import { expectTypeOf } from 'vitest';
import { stack } from '../../src/core/wrapper.ts';
import { bulkhead } from '../../src/resilience/bulkhead.ts';
import { BulkheadFull } from '../../src/resilience/bulkhead-places.ts';

const load = async (id: string, times = 1): Promise<number> => id.length * times;
const count = (id: string): number => id.length;

expectTypeOf(bulkhead({ max: 2 }, load)).toEqualTypeOf(load);
expectTypeOf(bulkhead('orders', { max: 2, queue: 3, maxWait: '1s' }, count)).toEqualTypeOf(count);
expectTypeOf(bulkhead('orders', count)).toEqualTypeOf(count);
expectTypeOf(bulkhead('orders')(load)).toEqualTypeOf(load);
expectTypeOf(stack(bulkhead(), bulkhead({ max: 1 }))(count)).toEqualTypeOf(count);
expectTypeOf(bulkhead('orders').available).toEqualTypeOf<number>();
expectTypeOf(new BulkheadFull('full', { data: { max: 1, queue: 0, waitedMs: 0 } }).data.max).toEqualTypeOf<number>();

export class Orders {
  @bulkhead
  load(id: string): number {
    return id.length;
  }

  @bulkhead({ max: 1, queue: 10 })
  async *all(): AsyncGenerator<string> {
    yield 'o-1';
  }
}

// @ts-expect-error a wait has a unit
bulkhead({ maxWait: 500 });
// @ts-expect-error the option is called max
bulkhead({ limit: 3 });
// @ts-expect-error places are counted
bulkhead({ max: '3' });
