// What must and what must not compile. Nothing here runs; plain `tsc` is the judge.
import { expectTypeOf } from 'vitest';
import { stack } from '../../src/core/wrapper.ts';
import { retry } from '../../src/resilience/retry.ts';
import { timeout } from '../../src/resilience/timeout.ts';

const rate = async (pair: string, times = 1): Promise<number> => pair.length * times;

expectTypeOf(retry(rate)).toEqualTypeOf(rate);
expectTypeOf(retry('rates', rate)).toEqualTypeOf(rate);
expectTypeOf(retry({ attempts: 2 }, rate)).toEqualTypeOf(rate);
expectTypeOf(retry('rates', { backoff: { initial: '1s' } }, rate)).toEqualTypeOf(rate);
expectTypeOf(retry('rates')(rate)).toEqualTypeOf(rate);
expectTypeOf(stack(retry(), timeout('2s'))(rate)).toEqualTypeOf(rate);

export class Rates {
  @retry
  async of(pair: string): Promise<string> {
    return pair;
  }

  @retry({ attempts: 3, budget: false })
  @timeout('2s')
  sync(pair: string): string {
    return pair;
  }
}

// @ts-expect-error a wait has a unit
retry({ backoff: { initial: 100 } });
// @ts-expect-error the option is called attempts
retry({ attempt: 3 });
// @ts-expect-error the condition says yes or no
retry({ retryIf: () => 'yes' });
