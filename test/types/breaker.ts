// What must and what must not compile. Nothing here runs; plain `tsc` is the judge.
import { expectTypeOf } from 'vitest';
import { stack } from '../../src/core/wrapper.ts';
import { type Breaker, breaker } from '../../src/resilience/breaker.ts';
import { BreakerOpen } from '../../src/resilience/breaker-member.ts';
import type { BreakerState } from '../../src/resilience/breaker-state.ts';

const rate = async (pair: string, times = 1): Promise<number> => pair.length * times;
const first = <T>(items: readonly T[]): T | undefined => items[0];

expectTypeOf(breaker(rate)).toEqualTypeOf(rate);
expectTypeOf(breaker('rates', rate)).toEqualTypeOf(rate);
expectTypeOf(breaker('rates', { window: '10s', failureRate: 0.2 }, rate)).toEqualTypeOf(rate);
expectTypeOf(breaker({ window: 50, slowCall: '2s', slowCallRate: 0.8 }, rate)).toEqualTypeOf(rate);
expectTypeOf(breaker({ consecutive: 5, openFor: '1m', critical: true })(rate)).toEqualTypeOf(rate);
expectTypeOf(stack(breaker('rates'), breaker())(rate)).toEqualTypeOf(rate);
expectTypeOf(breaker(first)(['a'])).toEqualTypeOf<string | undefined>();

expectTypeOf(breaker('rates')).toEqualTypeOf<Breaker>();
expectTypeOf(breaker().state).toEqualTypeOf<BreakerState>();
expectTypeOf(breaker().failureRate).toEqualTypeOf<number | undefined>();
expectTypeOf(new BreakerOpen('open', { data: { breaker: 'rates', retryAfterMs: 1 } }).data.retryAfterMs).toEqualTypeOf<number | undefined>();

export class Rates {
  @breaker('rates', { isFailure: (error) => !(error instanceof RangeError) })
  async of(pair: string): Promise<string> {
    return pair;
  }

  @breaker
  static readonly latest = async (): Promise<number> => 1;
}

// @ts-expect-error a number has no unit
breaker({ openFor: 30_000 });
// @ts-expect-error nor has this text
breaker({ window: '10' });
// @ts-expect-error the option is called failureRate
breaker({ failureRatio: 0.5 });
// @ts-expect-error its state is read, and changed by open and close
breaker().state = 'open';
