import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineError, sendProblem } from 'sonde';
import { describe, expect, it } from 'vitest';
import { adapterSuite } from './adapter-suite.ts';
import { ask, CardDeclined, LARGE, recordErrors, secretError, THROWN } from './errors-fixture.ts';

const NoJson = defineError('http/no-json', { status: 400, public: 'The body is no JSON.' });

async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const path = new URL(req.url ?? '/', 'http://x').pathname;
  if (path.startsWith('/thrown/')) throw THROWN[path.slice('/thrown/'.length)]?.();
  switch (path) {
    case '/ok':
      res.end('fine');
      return;
    case '/bug':
      res.setHeader('ETag', '"stale"');
      throw secretError();
    case '/string':
      throw 'hunter2-secret';
    case '/known/o-17':
      throw new CardDeclined('Cannot charge with hunter2-secret', { data: { orderId: 'o-17' } });
    case '/begun':
      res.write('half');
      await new Promise((resolve) => setTimeout(resolve, 10));
      throw secretError();
    case '/ended':
      res.end(LARGE);
      throw secretError();
    case '/gone': {
      const closed = once(res, 'close');
      res.writeProcessing();
      await closed;
      throw secretError();
    }
    case '/json': {
      let text = '';
      for await (const chunk of req) text += String(chunk);
      try {
        JSON.parse(text);
      } catch (error) {
        // What is known to be the client's fault can be thrown with a status and without a class of its own.
        throw Object.assign(new Error('no JSON', { cause: error }), { status: 400 });
      }
      return;
    }
    default:
      await new Promise((resolve) => setTimeout(resolve, 1));
      throw secretError();
  }
}

async function service() {
  const server = createServer((req, res) => {
    handle(req, res).catch((error: unknown) => sendProblem(req, res, error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

adapterSuite('node:http', service, { routes: 'plain node:http has no routes', notFound: 'plain node:http has no routes' });

describe('sendProblem', () => {
  it('gives back what it answered, and takes stale headers out', async () => {
    const errors = recordErrors();
    let told: { status: number; errorId: string | undefined } | undefined;
    const server = createServer((req, res) => {
      res.setHeader('ETag', '"stale"').setHeader('Content-Length', 3).setHeader('X-Own', 'stays');
      told = sendProblem(req, res, new NoJson('x'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const answer = await ask((server.address() as AddressInfo).port, '/');
    server.close();
    expect(told).toMatchObject({ status: 400, errorId: answer.headers['x-error-id'] });
    expect(answer.headers).toMatchObject({ 'x-own': 'stays', 'content-length': String(Buffer.byteLength(answer.text)) });
    expect(answer.headers['etag']).toBeUndefined();
    errors.stop();
  });
});
