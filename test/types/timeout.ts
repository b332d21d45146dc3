// What must and what must not compile. Nothing here runs; plain `tsc` is the judge.
import { expectTypeOf } from 'vitest';
import { stack } from '../../src/core/wrapper.ts';
import { TimedOut, timeout } from '../../src/resilience/timeout.ts';

const rate = async (pair: string, times = 1): Promise<number> => pair.length * times;

expectTypeOf(timeout('2s', rate)).toEqualTypeOf(rate);
expectTypeOf(timeout('rates', '2s', rate)).toEqualTypeOf(rate);
expectTypeOf(timeout('rates', { limit: '2s' }, rate)).toEqualTypeOf(rate);
expectTypeOf(timeout({ name: 'rates', limit: '2s' })(rate)).toEqualTypeOf(rate);
expectTypeOf(stack(timeout('2s'), timeout('rates', '1s'))(rate)).toEqualTypeOf(rate);
expectTypeOf(new TimedOut('late', { data: { timeoutMs: 1 } }).data.timeoutMs).toEqualTypeOf<number>();

export class Rates {
  @timeout('2s')
  async of(pair: string): Promise<string> {
    return pair;
  }

  @timeout('2s')
  static readonly latest = async (): Promise<number> => 1;
}

// @ts-expect-error a number has no unit
timeout(2_000);
// @ts-expect-error nor has this text
timeout('2000', rate);
// @ts-expect-error a limit is needed
timeout();
// @ts-expect-error beside the name too
timeout('rates', rate);
// @ts-expect-error the option is called limit
timeout({ limits: '2s' });
