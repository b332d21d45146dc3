// What must and what must not compile. Nothing here runs; plain `tsc` is the judge.
import { expectTypeOf } from 'vitest';
import { stack } from '../../src/core/wrapper.ts';
import { fallback } from '../../src/resilience/fallback.ts';

const load = async (id: string, times = 1): Promise<number> => id.length * times;
const greet = (name: string): string => name;

expectTypeOf(fallback({ to: 0 }, load)).toEqualTypeOf(load);
expectTypeOf(fallback('load', { to: 0, on: (error) => error instanceof RangeError }, load)).toEqualTypeOf(load);
expectTypeOf(fallback({ to: (_error, id, times) => id.length * (times ?? 1) }, load)).toEqualTypeOf(load);
expectTypeOf(fallback({ to: async (_error, id) => id.length }, load)).toEqualTypeOf(load);
expectTypeOf(fallback('load', { to: (error, id) => `${error} ${id}` })(greet)).toEqualTypeOf(greet);
expectTypeOf(stack(fallback({ to: null }))(greet)).toEqualTypeOf(greet);

class Rates {
  @fallback({ to: 1 })
  async of(pair: string): Promise<number> {
    return pair.length;
  }
}
expectTypeOf<Rates['of']>().toEqualTypeOf<(pair: string) => Promise<number>>();

// @ts-expect-error the value is none that the function gives
fallback({ to: 'none' }, load);
// @ts-expect-error a synchronous function has a synchronous fallback
fallback({ to: async () => 'later' }, greet);
// @ts-expect-error without `to` there is nothing to answer with
fallback({}, load);
// @ts-expect-error without options there is nothing to answer with
fallback(load);
