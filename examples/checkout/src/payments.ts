import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { logger, start, traced } from 'sonde';
import { announce, handler, readJson, sendJson } from './http.ts';

const sonde = await start({ service: 'payments', release: '0.9.0' });
const log = logger('payments');

const CAMPAIGNS = { SPRING10: { percent: 10 }, PARTNER: { percent: 25 } };

interface Charge {
  readonly order: string;
  readonly cents: number;
  readonly card: string;
}

/** Cards that end in 0002 are declined, as test cards are everywhere; those that end in 0119 meet an issuer that fails. */
const authorise = traced('payments.authorise', async (charge: Charge): Promise<boolean> => {
  await sleep(5 + Math.random() * 15);
  if (charge.card.endsWith('0119')) throw new Error(`Cannot authorise order "${charge.order}": the issuer does not answer`);
  const ok = !charge.card.endsWith('0002');
  if (!ok) log.warn({ order: charge.order, issuerCode: 51 }, 'the issuer declined the card');
  return ok;
});

const server = createServer(
  handler(async (req, res) => {
    if (req.url === '/campaigns') return sendJson(res, 200, CAMPAIGNS);
    const charge = (await readJson(req)) as Charge;
    if (await authorise(charge)) sendJson(res, 201, { charged: charge.cents });
    else sendJson(res, 402, { declined: true });
  }),
);
server.listen(Number(process.env.PORT ?? '8081'), '127.0.0.1', () => announce({ payments: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));

process.once('SIGTERM', async () => {
  server.close();
  server.closeIdleConnections();
  await sonde.shutdown({ within: '3s' });
  process.exit(0);
});
