import { signal, traced } from 'sonde';
import type { Order } from './order.ts';

const PAYMENTS_URL = process.env.PAYMENTS_URL ?? 'http://127.0.0.1:8081';

/** Charges an order at the payments service. The deadline and the trace travel with the request. */
export const charge = traced('payments.charge', { attributes: (order) => ({ 'order.id': order.id }) }, async (order: Order): Promise<void> => {
  const response = await fetch(`${PAYMENTS_URL}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ order: order.id, cents: order.cents, card: order.card }),
    signal: signal() ?? null,
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`POST ${PAYMENTS_URL}/charges answered ${response.status}`);
});
