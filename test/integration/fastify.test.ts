import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { sondeFastify } from 'sonde/fastify';
import { describe, expect, it } from 'vitest';
import { adapterSuite } from './adapter-suite.ts';
import { ask, CardDeclined, recordErrors, secretError } from './errors-fixture.ts';

const portOf = (app: { addresses(): unknown[] }): number => (app.addresses()[0] as AddressInfo).port;

async function service() {
  const app = fastify();
  await app.register(sondeFastify);
  app.get('/ok', async () => 'fine');
  app.get('/bug', (_request, reply) => {
    reply.header('ETag', '"stale"');
    throw secretError();
  });
  app.get('/async', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    throw secretError();
  });
  app.get('/string', async () => {
    throw 'hunter2-secret';
  });
  app.get<{ Params: { id: string } }>('/known/:id', async (request) => {
    throw new CardDeclined('Cannot charge with hunter2-secret', { data: { orderId: request.params.id } });
  });
  app.get('/begun', async (_request, reply) => {
    reply.raw.write('half');
    await new Promise((resolve) => setTimeout(resolve, 10));
    throw secretError();
  });
  app.post('/json', async (request) => request.body);
  await app.register(
    async (orders) => {
      orders.get('/:id', async () => {
        throw secretError();
      });
    },
    { prefix: '/users/:user/orders' },
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: portOf(app), close: () => app.close() };
}

adapterSuite('fastify 5', service);

describe('fastify', () => {
  it('tells the client what its schema refused, without an ID', async () => {
    const errors = recordErrors();
    const app = fastify();
    await app.register(sondeFastify);
    app.post('/orders', { schema: { body: { type: 'object', required: ['plan'], properties: { plan: { type: 'string' } } } } }, async () => 'ok');
    await app.listen({ port: 0, host: '127.0.0.1' });
    const answer = await ask(portOf(app), '/orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    await app.close();
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ status: 400, detail: "body must have required property 'plan'" });
    expect(answer.headers['x-error-id']).toBeUndefined();
    expect(errors.count()).toBe(0);
    errors.stop();
  });

  it('keeps its answer out of the response schema of the route', async () => {
    const errors = recordErrors();
    const app = fastify();
    await app.register(sondeFastify);
    app.get('/x', { schema: { response: { '5xx': { type: 'object', properties: { code: { type: 'number' } } } } } }, async () => {
      throw secretError();
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const answer = await ask(portOf(app), '/x');
    await app.close();
    expect(answer.json()['errorId']).toBe(answer.headers['x-error-id']);
    errors.stop();
  });
});
