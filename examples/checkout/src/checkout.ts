import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { rateLimit, setRoute, slo, start } from 'sonde';
import { BadRequest } from './errors.ts';
import { announce, handler, readJson, sendJson } from './http.ts';
import type { OrderRequest } from './order.ts';
import { OrderRepository } from './order-repository.ts';
import { Orders } from './orders.ts';
import { startReceipts } from './receipts.ts';

const sonde = await start({ service: 'checkout', release: '1.4.2' });
const receipts = startReceipts();
const orders = new Orders(new OrderRepository(join(process.env.CHECKOUT_DIR ?? '.checkout', 'orders')));

/** No more seats than can be set up; whoever asks for more is told when to come back. Outside of `place`: it is no failure of ours. */
const place = rateLimit('seats', { rate: 5_000, burst: 20_000, cost: (request: OrderRequest) => request.seats }, async (request: OrderRequest) =>
  orders.place(request),
);

function parseOrder(value: unknown): OrderRequest {
  const order = value as Partial<OrderRequest> | null;
  const isOrder = (order?.plan === 'basic' || order?.plan === 'pro') && Number.isInteger(order.seats) && typeof order.card === 'string';
  if (!isOrder) throw new BadRequest('Cannot read the order: expected {plan: "basic"|"pro", seats, card, coupon?}');
  return order as OrderRequest;
}

slo('GET /orders/:id', { objective: 0.999, latency: '250ms' });

const app = createServer(
  handler(async (req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://checkout');
    if (req.method === 'POST' && pathname === '/orders') {
      setRoute(req, '/orders');
      sendJson(res, 201, await place(parseOrder(await readJson(req))));
    } else if (req.method === 'GET' && pathname.startsWith('/orders/')) {
      setRoute(req, '/orders/:id');
      sendJson(res, 200, await orders.find(pathname.slice('/orders/'.length)));
    } else {
      sendJson(res, 404, { error: 'There is POST /orders and GET /orders/{id}.' });
    }
  }),
);
const admin = createServer(sonde.admin);

function listen(server: Server, port: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

announce({ app: await listen(app, process.env.PORT ?? '8080'), admin: await listen(admin, process.env.ADMIN_PORT ?? '9464') });

process.once('SIGTERM', async () => {
  app.close();
  admin.close();
  app.closeIdleConnections();
  admin.closeIdleConnections();
  await receipts.stop();
  await sonde.shutdown({ within: '3s' });
  process.exit(0);
});
