import { heartbeat, logger, ticker } from 'sonde';
import type { Order } from './order.ts';

const log = logger('receipts');
const outbox: Order[] = [];

/** Notes an order whose customer gets a receipt. */
export function queueReceipt(order: Order): void {
  outbox.push(order);
}

/** Sends the receipts once a second. A round that hangs is told with an error ID, and the process is not ready meanwhile. */
export function startReceipts(): { stop(): Promise<void> } {
  const beat = heartbeat('receipts', { every: '5s' });
  const rounds = ticker('1s', sendReceipts, { name: 'receipts' });
  beat.pulse();
  return {
    async stop() {
      await rounds.stop();
      sendReceipts();
      beat.stop();
    },
  };

  function sendReceipts(): void {
    for (const { id } of outbox.splice(0)) log.debug({ order: id }, 'receipt sent');
    beat.pulse();
  }
}
