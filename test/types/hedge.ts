// What must and what must not compile. Nothing here runs; plain `tsc` is the judge.
import { expectTypeOf } from 'vitest';
import { stack } from '../../src/core/wrapper.ts';
import { hedge } from '../../src/resilience/hedge.ts';

const load = async (id: string, times = 1): Promise<number> => id.length * times;
const generic = async <T>(value: T): Promise<T> => value;

expectTypeOf(hedge(load)).toEqualTypeOf(load);
expectTypeOf(hedge('load', load)).toEqualTypeOf(load);
expectTypeOf(hedge({ after: 'p95', max: 3 }, load)).toEqualTypeOf(load);
expectTypeOf(hedge('load', { after: '50ms', isSafe: (id, times) => id !== '' && times !== 2 }, load)).toEqualTypeOf(load);
expectTypeOf(hedge('load', { budget: 0.2 })(load)).toEqualTypeOf(load);
expectTypeOf(hedge(generic)('a')).toEqualTypeOf<Promise<string>>();
expectTypeOf(stack(hedge(), hedge({ after: '1s' }))(load)).toEqualTypeOf(load);

class Rates {
  @hedge({ after: '50ms' })
  async of(pair: string): Promise<number> {
    return pair.length;
  }

  @hedge
  async all(): Promise<number[]> {
    return [];
  }
}
expectTypeOf<Rates['of']>().toEqualTypeOf<(pair: string) => Promise<number>>();
expectTypeOf<Rates['all']>().toEqualTypeOf<() => Promise<number[]>>();

// @ts-expect-error a number without a unit
hedge({ after: 50 }, load);
// @ts-expect-error neither a duration nor a percentile
hedge({ after: 'soon' }, load);
