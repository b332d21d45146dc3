import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpBindings, serve } from '@hono/node-server';
import { Hono } from 'hono';
import { basicAuth } from 'hono/basic-auth';
import { HTTPException } from 'hono/http-exception';
import { routePath } from 'hono/route';
import { validator } from 'hono/validator';
import { sondeHono } from 'sonde/hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adapterSuite } from './adapter-suite.ts';
import { ask, CardDeclined, LARGE, recordErrors, SECRET, secretError, THROWN } from './errors-fixture.ts';

async function service() {
  const { trackRoutes, onError } = sondeHono({ routePath });
  const app = new Hono<{ Bindings: HttpBindings }>();
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
    throw 'hunter2-secret';
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
  app.get('/thrown/:name', (c) => {
    throw THROWN[c.req.param('name')]?.() as Error;
  });
  app.get('/ended', (c) => c.text(LARGE));
  app.get('/gone', async (c) => {
    const { outgoing } = c.env as { outgoing: ServerResponse };
    const closed = once(outgoing, 'close');
    outgoing.writeProcessing();
    await closed;
    throw secretError();
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

adapterSuite('hono 4', service, { notFound: 'hono answers it by a handler of its own' });

describe('hono', () => {
  const errors = recordErrors();
  const { trackRoutes, onError } = sondeHono({ routePath });
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(trackRoutes);
  app.onError(onError);
  const streamOf = (pieces: number, headers?: Record<string, string>): Response => {
    let round = 0;
    const pull = (out: ReadableStreamDefaultController<Uint8Array>): void => {
      if (round++ === pieces) throw secretError();
      out.enqueue(Buffer.from('piece'));
    };
    return new Response(new ReadableStream({ pull }), { headers: { 'X-Kept': 'yes', ...headers } });
  };
  app.get('/pieces/:count', (c) => streamOf(Number(c.req.param('count'))));
  app.get('/sized', () => streamOf(1, { 'content-length': '100' }));
  app.get('/whole', (c) => {
    c.header('X-Kept', 'yes');
    return c.body(new Blob(['who', 'le']).stream());
  });
  app.use('/private/*', basicAuth({ username: 'a', password: 'b' }));
  app.get('/custom', () => {
    throw new HTTPException(410, { message: SECRET, res: new Response(SECRET, { headers: { 'X-Secret': SECRET } }) });
  });
  app.get('/down', () => {
    throw new HTTPException(503, { message: SECRET, res: new Response(SECRET, { headers: { 'Retry-After': '9' } }) });
  });
  let server: ReturnType<typeof serve>;
  let port: number;
  beforeAll(async () => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.close();
    errors.stop();
  });

  it.each(['/pieces/0', '/pieces/1', '/pieces/2', '/pieces/20', '/sized'])('reports a body that fails while it is streamed, and cuts it: %s', async (path) => {
    const before = errors.count();
    await expect(ask(port, path)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    await expect.poll(() => errors.count()).toBe(before + 1);
  });

  it('lets streams and their headers through', async () => {
    const answer = await ask(port, '/whole');
    expect([answer.status, answer.text, answer.headers['x-kept']]).toEqual([200, 'whole', 'yes']);
    expect((await ask(port, '/whole', { method: 'HEAD' })).text).toBe('');
  });

  it('keeps the prompt for a password', async () => {
    const answer = await ask(port, '/private/x');
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Basic realm="Secure Area"']);
    expect(answer.json()['detail']).toBe('You are not signed in.');
  });

  it.each([
    ['/custom', 410, false],
    ['/down', 503, true],
  ])('lets nothing of the response of an HTTPException through but what the protocol needs: %s', async (path, status, withId) => {
    const answer = await ask(port, path);
    expect(answer.wire).not.toContain(SECRET);
    expect([answer.status, answer.headers['x-error-id'] !== undefined]).toEqual([status, withId]);
    expect(answer.headers['retry-after']).toBe(withId ? '9' : undefined);
  });
});
