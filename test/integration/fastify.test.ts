import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { sondeFastify } from 'sonde/fastify';
import { describe, expect, it } from 'vitest';
import { adapterSuite } from './adapter-suite.ts';
import { ask, CardDeclined, LARGE, recordErrors, secretError, THROWN } from './errors-fixture.ts';

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
  app.get<{ Params: { name: string } }>('/thrown/:name', async (request) => {
    throw THROWN[request.params.name]?.();
  });
  app.get('/ended', async (_request, reply) => {
    reply.raw.end(LARGE);
    throw secretError();
  });
  app.get('/gone', async (_request, reply) => {
    const closed = once(reply.raw, 'close');
    reply.raw.writeProcessing();
    await closed;
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

describe("fastify's own answers", () => {
  const headers = { 'content-type': 'application/json' };
  async function application(setUp: (app: FastifyInstance) => void = () => {}) {
    const app = fastify({ bodyLimit: 1_000 });
    await app.register(sondeFastify);
    app.post('/orders', async () => 'ok');
    setUp(app);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app;
  }

  it.each([
    [{ method: 'POST', headers, body: '' }, 400],
    [{ method: 'POST', headers, body: '{"a":' }, 400],
    [{ method: 'POST', headers, body: `"${'x'.repeat(2_000)}"` }, 413],
    [{ method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a,b' }, 415],
  ])('have the same form and no ID: %j', async (request, status) => {
    const errors = recordErrors();
    const app = await application();
    const answer = await ask(portOf(app), '/orders', request);
    await app.close();
    expect([answer.status, answer.headers['content-type'], answer.headers['x-error-id']]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
      undefined,
    ]);
    expect(answer.json()).toMatchObject({ status });
    expect(errors.count()).toBe(0);
    errors.stop();
  });

  it('mint an ID when asked', async () => {
    const errors = recordErrors();
    const app = fastify();
    await app.register(sondeFastify, { reportClientErrors: true });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const answer = await ask(portOf(app), '/nowhere');
    await app.close();
    expect(answer.status).toBe(404);
    expect(errors.record(answer.headers['x-error-id'])).toMatchObject({ 'sonde.error.kind': 'known', 'url.path': '/nowhere' });
    errors.stop();
  });

  it('leave the place to those of the application', async () => {
    const own = await application((app) => app.setNotFoundHandler((_request, reply) => void reply.code(404).send({ mine: true })));
    const answer = await ask(portOf(own), '/nowhere');
    await own.close();
    expect([answer.status, answer.json()]).toEqual([404, { mine: true }]);
    const guarded = await application((app) => app.addHook('preHandler', async (_request, reply) => reply.code(401).send({ mine: true })));
    const refused = await ask(portOf(guarded), '/nowhere');
    await guarded.close();
    expect([refused.status, refused.headers['content-type'], refused.json()]).toEqual([401, 'application/json; charset=utf-8', { mine: true }]);
  });
});
