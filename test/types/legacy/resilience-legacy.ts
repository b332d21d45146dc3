// Wrappers that answer differently, under `experimentalDecorators`. Nothing here runs.
import { expectTypeOf } from 'vitest';
import { cached } from '../../../src/resilience/cached.ts';
import { fallback } from '../../../src/resilience/fallback.ts';
import { hedge } from '../../../src/resilience/hedge.ts';

class Rates {
  @cached({ ttl: '1m' })
  @fallback({ to: 1 })
  @hedge({ after: '50ms' })
  async of(pair: string): Promise<number> {
    return pair.length;
  }

  @cached
  static all(): number[] {
    return [];
  }

  @hedge
  async last(): Promise<number> {
    return 1;
  }
}
expectTypeOf<Rates['of']>().toEqualTypeOf<(pair: string) => Promise<number>>();
expectTypeOf<Rates['last']>().toEqualTypeOf<() => Promise<number>>();
expectTypeOf(Rates.all).toEqualTypeOf<() => number[]>();
