import { breaker, bulkhead, retry, signal, stack, timeout, traced } from 'sonde';
import { CardDeclined, PaymentsFailed } from './errors.ts';
import type { Order } from './order.ts';

export const PAYMENTS_URL = process.env.PAYMENTS_URL ?? 'http://127.0.0.1:8081';
const CHARGES = `${PAYMENTS_URL}/charges`;

/**
 * How payments are called, the outermost first: one span for all attempts; each attempt takes one of twenty places, asks the breaker and has
 * two seconds. The breaker is not critical: orders can be looked up without payments, so that the process stays ready.
 */
const careful = stack(
  traced('payments.charge', { attributes: (order: Order) => ({ 'order.id': order.id }) }),
  retry('payments', { attempts: 3, backoff: { initial: '50ms', max: '1s' } }),
  bulkhead('payments', { max: 20, queue: 20 }),
  breaker('payments', { window: 20, failureRate: 0.5, minimumCalls: 10, slowCall: '1s', openFor: '2s' }),
  timeout('payments', '2s'),
);

/** Charges an order. Trace and deadline travel with the request, and the order's ID as its idempotency key, so that a retry charges nobody twice. */
export const charge = careful(async (order: Order): Promise<void> => {
  const status = await postCharge(order);
  if (status === 402) {
    // Known, and below 500: it is not tried again, and the breaker does not count it.
    const cause = new Error(`POST ${CHARGES} answered 402`);
    throw new CardDeclined(`Cannot charge order "${order.id}": the payments service refused ${order.cents} cents`, { data: { orderId: order.id }, cause });
  }
  if (status >= 300) throw new PaymentsFailed(`Cannot charge order "${order.id}": POST ${CHARGES} answered ${status}`);
});

async function postCharge({ id, cents, card }: Order): Promise<number> {
  try {
    const response = await fetch(CHARGES, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': id },
      body: JSON.stringify({ order: id, cents, card }),
      signal: signal() ?? null,
    });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    if (signal()?.aborted) throw error;
    throw new PaymentsFailed(`Cannot charge order "${id}": POST ${CHARGES} got no answer`, { cause: error });
  }
}
