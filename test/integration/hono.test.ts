import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { routePath } from 'hono/route';
import { validator } from 'hono/validator';
import { sondeHono } from 'sonde/hono';
import { adapterSuite } from './adapter-suite.ts';
import { CardDeclined, secretError } from './errors-fixture.ts';

async function service() {
  const { trackRoutes, onError } = sondeHono({ routePath });
  const app = new Hono();
  app.use(trackRoutes);
  app.onError(onError);
  app.get('/ok', (c) => c.text('fine'));
  app.get('/bug', (c) => {
    c.header('ETag', '"stale"');
    throw secretError();
  });
  app.get('/async', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    throw secretError();
  });
  app.get('/string', () => {
    throw Object.assign(new Error('hunter2-secret'), { name: 'StringError' });
  });
  app.get('/known/:id', (c) => {
    throw new CardDeclined('Cannot charge with hunter2-secret', { data: { orderId: c.req.param('id') } });
  });
  app.get('/begun', (c) => {
    let round = 0;
    const pull = async (out: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (round++ > 0) throw secretError();
      out.enqueue(Buffer.from('half'));
    };
    return c.body(new ReadableStream({ pull }));
  });
  app.post(
    '/json',
    validator('json', (value) => value),
    (c) => c.json(c.req.valid('json')),
  );
  const orders = new Hono();
  orders.get('/:id', () => {
    throw secretError();
  });
  app.route('/users/:user/orders', orders);
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}

adapterSuite('hono 4', service, { begun: 'the body of a web Response is read after the application has answered: hono never sees its error' });
