// What must and what must not compile. Nothing here runs; plain `tsc` is the judge.
import { expectTypeOf } from 'vitest';
import { stack } from '../../src/core/wrapper.ts';
import { rateLimit } from '../../src/resilience/rate-limit.ts';
import { RateLimited, type Reservation } from '../../src/resilience/rate-limit-member.ts';

const send = async (to: string, copies = 1): Promise<number> => to.length * copies;
const count = (to: string): number => to.length;

expectTypeOf(rateLimit({ rate: 2 }, send)).toEqualTypeOf(send);
expectTypeOf(rateLimit('mails', { rate: 2, per: '1m', burst: 5, wait: true }, count)).toEqualTypeOf(count);
expectTypeOf(rateLimit({ tiers: [{ rate: 10 }, { rate: 100, per: '1h' }], wait: '2s' })(send)).toEqualTypeOf(send);
expectTypeOf(rateLimit({ rate: 1, key: (to: string) => to, cost: (_to: string, copies: number) => copies })(send)).toEqualTypeOf(send);
expectTypeOf(stack(rateLimit({ rate: 1 }), rateLimit('mails', { rate: 2 }))(count)).toEqualTypeOf(count);

const limiter = rateLimit({ rate: 2 });
expectTypeOf(limiter.tryAcquire(2, 'ann')).toEqualTypeOf<boolean>();
expectTypeOf(limiter.reserve()).toEqualTypeOf<Reservation>();
expectTypeOf(limiter.wait()).toEqualTypeOf<Promise<void>>();
expectTypeOf(limiter.available).toEqualTypeOf<number>();
expectTypeOf(new RateLimited('no', { data: { limit: 1, perMs: 1 } }).data.retryAfterMs).toEqualTypeOf<number | undefined>();

export class Mails {
  @rateLimit({ rate: 10 })
  send(to: string): number {
    return to.length;
  }

  @rateLimit('mails.all', { rate: 10 })
  static readonly all = async (): Promise<number> => 1;
}

// @ts-expect-error a time has a unit
rateLimit({ rate: 1, per: 1_000 });
// @ts-expect-error a tier has a rate
rateLimit({ tiers: [{ per: '1s' }] });
// @ts-expect-error a cost is a number
rateLimit({ rate: 1, cost: () => 'much' });
// @ts-expect-error a wait is yes, no or a duration
rateLimit({ rate: 1, wait: 500 });
