import { cached, fallback, signal, stack, timeout } from 'sonde';
import { PAYMENTS_URL } from './payments-client.ts';

/** What coupons take off, by coupon. */
export type Campaigns = Readonly<Record<string, { readonly percent: number }>>;

/** On paper, so that they hold also when nobody can be asked. */
const PRINTED: Campaigns = { SPRING10: { percent: 10 }, PARTNER: { percent: 25 } };

/**
 * The campaigns of today. They are asked for once a minute; for an hour those of before do while that takes long or fails, and what is printed
 * after that. What stands in for an answer is outside of the cache, which would keep it.
 */
export const campaigns = stack(
  fallback('campaigns', { to: PRINTED }),
  cached('campaigns', { ttl: '1m', stale: '1h' }),
  timeout('campaigns', '500ms'),
)(async (): Promise<Campaigns> => {
  const response = await fetch(`${PAYMENTS_URL}/campaigns`, { signal: signal() ?? null });
  if (!response.ok) throw new Error(`GET ${PAYMENTS_URL}/campaigns answered ${response.status}`);
  return (await response.json()) as Campaigns;
});
