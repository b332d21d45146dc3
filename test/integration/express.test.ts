import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import express4 from 'express4';
import { errorHandler, trackRoutes } from 'sonde/express';
import { describe, expect, it } from 'vitest';
import { type AdapterService, adapterSuite } from './adapter-suite.ts';
import { ask, CardDeclined, LARGE, recordErrors, secretError, THROWN } from './errors-fixture.ts';

/** express 4 does not wait for promises: there a handler passes its rejection on, as express's guide says. */
function service(framework: typeof express, awaitsHandlers: boolean): () => Promise<AdapterService> {
  return async () => {
    const app = framework();
    app.disable('x-powered-by');
    app.use(trackRoutes());
    app.use(framework.json());
    app.get('/ok', (_req, res) => void res.send('fine'));
    app.get('/bug', (_req, res) => {
      res.setHeader('ETag', '"stale"');
      throw secretError();
    });
    app.get('/async', async (_req, _res, next) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (awaitsHandlers) throw secretError();
      next(secretError());
    });
    app.get('/string', () => {
      throw 'hunter2-secret';
    });
    app.get('/known/:id', (req) => {
      throw new CardDeclined('Cannot charge with hunter2-secret', { data: { orderId: req.params.id as string } });
    });
    app.get('/begun', (_req, res, next) => {
      res.write('half');
      setTimeout(() => next(secretError()), 10);
    });
    app.get('/thrown/:name', (req) => {
      throw THROWN[req.params.name as string]?.();
    });
    app.get('/ended', (_req, res) => {
      res.end(LARGE);
      throw secretError();
    });
    app.get('/gone', (_req, res, next) => {
      res.once('close', () => next(secretError())).writeProcessing();
    });
    app.post('/json', (req, res) => void res.json(req.body));
    const orders = framework.Router();
    orders.get('/:id', () => {
      throw secretError();
    });
    app.use('/users/:user/orders', orders);
    app.use(errorHandler());
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      async close() {
        server.close();
        server.closeAllConnections();
        await once(server, 'close');
      },
    };
  };
}

const DEVIATIONS = {
  notFound: 'the last handler of express answers it, which no error handler sees',
  nothing: 'express takes it for next()',
};
adapterSuite('express 5', service(express, true), DEVIATIONS);
adapterSuite('express 4', service(express4, false), DEVIATIONS);

describe('express', () => {
  it("reports the client's faults when asked", async () => {
    const errors = recordErrors();
    const app = express();
    app.use(express.json());
    app.post('/json', (_req, res) => void res.end());
    app.use(errorHandler({ reportClientErrors: true, boundary: 'api' }));
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const answer = await ask((server.address() as AddressInfo).port, '/json', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' });
    server.close();
    expect(answer.status).toBe(400);
    expect(answer.json()['detail']).toBe('The request could not be read.');
    expect(errors.record(answer.headers['x-error-id'])).toMatchObject({ 'sonde.error.kind': 'known', level: 'warn', 'sonde.error.boundary': 'api' });
    errors.stop();
  });
});
