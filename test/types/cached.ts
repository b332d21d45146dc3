// What must and what must not compile. Nothing here runs; plain `tsc` is the judge.
import { expectTypeOf } from 'vitest';
import { stack } from '../../src/core/wrapper.ts';
import { type CachedFunction, cached } from '../../src/resilience/cached.ts';
import { traced } from '../../src/trace/traced.ts';

const load = async (id: string, times = 1): Promise<number> => id.length * times;
const generic = <T>(value: T): T => value;

const direct = cached({ ttl: '30s', max: 10 }, load);
expectTypeOf(direct).toEqualTypeOf<CachedFunction<typeof load>>();
expectTypeOf(direct).toExtend<typeof load>();
expectTypeOf(direct.invalidate).toEqualTypeOf<(id: string, times?: number) => void>();
expectTypeOf(direct.size).toEqualTypeOf<number>();
expectTypeOf(direct('a')).toEqualTypeOf<Promise<number>>();
expectTypeOf(cached('load', { key: (id, times) => `${id} ${times?.toFixed()}` }, load)).toEqualTypeOf<CachedFunction<typeof load>>();
expectTypeOf(cached('load')(load).clear).toEqualTypeOf<() => void>();
expectTypeOf(cached(load)).toExtend<typeof load>();
expectTypeOf(cached(generic)('a')).toEqualTypeOf<string>();
expectTypeOf(traced(direct).size).toEqualTypeOf<number>();
expectTypeOf(stack(cached({ ttl: '1m' }), traced)(load)).toEqualTypeOf(load);

class Rates {
  @cached({ ttl: '1m' })
  async of(pair: string): Promise<number> {
    return pair.length;
  }

  @cached
  now(): number {
    return 1;
  }

  readonly own = cached({ ttl: '1m' }, async (pair: string) => this.of(pair));
}
expectTypeOf<Rates['of']>().toEqualTypeOf<(pair: string) => Promise<number>>();
expectTypeOf<Rates['now']>().toEqualTypeOf<() => number>();
expectTypeOf<Rates['own']['invalidate']>().toEqualTypeOf<(pair: string) => void>();

// @ts-expect-error a number without a unit
cached({ ttl: 30 }, load);
// @ts-expect-error a key is a text
cached({ key: (id) => id.length }, load);
// @ts-expect-error what is invalidated has the function's arguments
direct.invalidate(1);
