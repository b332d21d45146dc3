import { setTimeout as sleep } from 'node:timers/promises';
import type { Order } from '../order.ts';

/** What a user saw. */
export interface Seen {
  readonly what: string;
  readonly status: number;
  readonly errorId: string | null;
  readonly retryAfter: string | null;
  readonly body: string;
}

const GOOD_CARD = '4242424242424242';
const DECLINED_CARD = '4000000000000002';
const FAILING_CARD = '4000000000000119';

export async function post(app: string, what: string, order: Record<string, unknown>): Promise<Seen> {
  const response = await fetch(`${app}/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(order) });
  const { status, headers } = response;
  return { what, status, errorId: headers.get('x-error-id'), retryAfter: headers.get('retry-after'), body: await response.text() };
}

export const placeOne = (app: string): Promise<Seen> => post(app, 'POST /orders', { plan: 'pro', seats: 3, card: GOOD_CARD, coupon: 'SPRING10' });
export const placeDeclined = (app: string): Promise<Seen> =>
  post(app, 'POST /orders with a card that is declined', { plan: 'basic', seats: 2, card: DECLINED_CARD });
export const placeBuggy = (app: string): Promise<Seen> =>
  post(app, 'POST /orders with a coupon nobody thought of', { plan: 'pro', seats: 5, card: GOOD_CARD, coupon: 'WINTER' });
export const placeFailing = (app: string): Promise<Seen> =>
  post(app, 'POST /orders with a card whose issuer fails', { plan: 'basic', seats: 1, card: FAILING_CARD });

/** Drives the service with real requests for about `ms` milliseconds; returns how many were answered, by status. */
export async function drive(app: string, ms: number, progress: (done: number) => void): Promise<Map<number, number>> {
  const answers = new Map<number, number>();
  const count = (status: number): number => answers.set(status, (answers.get(status) ?? 0) + 1).size;
  const from = performance.now();
  for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - from) {
    progress(elapsed / ms);
    const placed = await Promise.all([placeOne(app), placeOne(app), post(app, '', { plan: 'basic', seats: 1, card: GOOD_CARD })]);
    for (const seen of placed) {
      count(seen.status);
      if (seen.status !== 201) continue;
      const found = await fetch(`${app}/orders/${(JSON.parse(seen.body) as Order).id}`);
      await found.arrayBuffer();
      count(found.status);
    }
    await sleep(40);
  }
  progress(1);
  return answers;
}
