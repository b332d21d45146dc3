import { traced } from 'sonde';
import { type Campaigns, campaigns } from './campaigns.ts';
import type { OrderRequest } from './order.ts';

const CENTS_PER_SEAT = { basic: 900, pro: 1_900 } as const;

/** The share that a coupon takes off. It has a bug: nobody thought of a coupon that no campaign knows. */
const discountOf = traced('pricing.discount', (coupon: string, known: Campaigns): number => {
  const campaign = known[coupon] as { percent: number };
  return campaign.percent / 100;
});

/** What an order costs, in cents. */
export const priceOf = traced('pricing.price', async (request: OrderRequest): Promise<number> => {
  const full = CENTS_PER_SEAT[request.plan] * request.seats;
  if (!request.coupon) return full;
  const known = await campaigns();
  try {
    return Math.round(full * (1 - discountOf(request.coupon, known)));
  } catch (error) {
    throw new Error(`Cannot price ${request.seats} seats of plan "${request.plan}"`, { cause: error });
  }
});
