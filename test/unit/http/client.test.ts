import { Agent, type ClientRequest, createServer, get, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../src/core/clock.ts';
import { outgoingSeconds } from '../../../src/core/outgoing.ts';
import { runInScope, Scope } from '../../../src/core/scope.ts';
import { watchHttp } from '../../../src/http/watch.ts';
import { recordedSpans, until } from './recorded-spans.ts';

const closers: (() => void)[] = [];
let port = 0;
let got: IncomingHttpHeaders[] = [];
beforeEach(async () => {
  got = [];
  const server = createServer((req, res) => {
    got.push(req.headers);
    if (req.url === '/never') return;
    if (req.url === '/endless') {
      res.writeHead(200).write('more to come');
      return;
    }
    if (req.url === '/half') {
      res.writeHead(200, { 'content-length': 100 });
      res.write('half', () => res.destroy());
      return;
    }
    res.statusCode = req.url === '/404' ? 404 : 200;
    res.end('body');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
});
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

function watch() {
  const rec = recordedSpans();
  // Servers are told apart by kind: only client spans are looked at here.
  closers.push(watchHttp({ spans: rec.port, recorder: rec.recorder }));
  return { ...rec, clients: () => rec.spans.filter((span) => span.kind === 2) };
}

function limited(ms: number): Scope {
  const scope = new Scope();
  scope.limit = { deadlineMs: clock.mono() + ms, signal: new AbortController().signal };
  return scope;
}

const clients: [string, (path: string, headers?: Record<string, string>) => Promise<number>][] = [
  [
    'node:http',
    (path, headers = {}) =>
      new Promise((resolve, reject) => {
        get({ host: '127.0.0.1', port, path, headers, agent: new Agent() }, (res) => res.resume().on('end', () => resolve(res.statusCode ?? 0))).on(
          'error',
          reject,
        );
      }),
  ],
  [
    'fetch',
    async (path, headers = {}) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      await response.text();
      return response.status;
    },
  ],
];

describe.each(clients)('a client span of %s', (_name, call) => {
  it('has the attributes of the semantic conventions and a measurement', async () => {
    const rec = watch();
    await call('/ok?sig=abc&a=1');
    await call('/404');
    await until(() => rec.client.length === 2);
    const [span] = rec.clients();
    expect(span?.name).toBe('GET');
    expect(span?.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': port,
      'url.full': `http://127.0.0.1:${port}/ok?sig=REDACTED&a=1`,
      'http.response.status_code': 200,
    });
    expect(rec.client[1]).toEqual({ method: 'GET', host: '127.0.0.1', port, status: 404, errorType: '404' });
  });

  it('counts as waited for while no answer comes', async () => {
    watch();
    const from = clock.mono();
    const before = outgoingSeconds();
    const hangs = call('/never').catch(() => 'given up');
    await until(() => got.length === 1 && clock.mono() > from + 20);
    expect(outgoingSeconds()).toBeGreaterThan(before);
    closers.pop()?.(); // stops the watching, which leaves the call alone
    closers.pop()?.();
    expect(await hangs).toBe('given up');
  });

  it('is a child of the running scope, and carries trace and deadline to the server', async () => {
    const rec = watch();
    const scope = limited(60_000);
    await runInScope(scope, () => call('/'));
    expect(rec.clients()[0]?.parent.limit).toBe(scope.limit); // fetch runs in a scope below it, where the registry of handles is in
    expect(got[0]?.traceparent).toBe(`span-${rec.spans.indexOf(rec.clients()[0] as never)}`);
    expect(Number(got[0]?.['x-request-timeout-ms'])).toBeGreaterThan(30_000);
    expect(Number(got[0]?.['x-request-timeout-ms'])).toBeLessThanOrEqual(60_000);
  });

  it('leaves a header that the application set', async () => {
    watch();
    await call('/', { traceparent: 'mine' });
    expect(got[0]?.traceparent).toBe('mine');
  });

  it('sends nothing of ours when watching has stopped', async () => {
    const rec = recordedSpans();
    const plain = (Agent.prototype as unknown as { addRequest: unknown }).addRequest;
    watchHttp({ spans: rec.port })();
    expect((Agent.prototype as unknown as { addRequest: unknown }).addRequest).toBe(plain);
    await call('/');
    expect(got[0]?.traceparent).toBeUndefined();
    expect(rec.spans).toEqual([]);
  });
});

describe('a client call that does not end well', () => {
  it('of node:http fails with the system code', async () => {
    const rec = watch();
    await new Promise((resolve) => get('http://127.0.0.1:1/').on('error', resolve));
    await until(() => rec.client.length === 1);
    expect(rec.client[0]?.errorType).toBe('ECONNREFUSED');
  });

  it('of node:http fails where the answer is cut off in the middle', async () => {
    const rec = watch();
    await new Promise<void>((resolve) => {
      get({ host: '127.0.0.1', port, path: '/half', agent: new Agent() }, (res) => res.resume().on('error', () => resolve()));
    });
    await until(() => rec.clients().length === 1);
    expect(rec.clients()[0]?.attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'ECONNRESET' });
  });

  it.each<[string, (res: IncomingMessage, req: ClientRequest) => unknown]>([
    ['destroys the answer', (res) => res.destroy()],
    ['destroys the request', (_res, req) => req.destroy()],
    ['aborts the request', (_res, req) => req.abort()],
    [
      'leaves its loop',
      async (res) => {
        for await (const _ of res) break;
      },
    ],
  ])('of node:http has not failed where the application stops reading the answer: it %s', async (_, stop) => {
    const rec = watch();
    await new Promise<void>((resolve) => {
      const req = get({ host: '127.0.0.1', port, path: '/endless', agent: new Agent() }, (res) => {
        res.on('close', resolve).on('error', () => undefined);
        res.once('readable', () => stop(res, req));
      });
      req.on('error', () => undefined);
    });
    await until(() => rec.clients().length === 1);
    expect(rec.clients()[0]?.attributes).not.toHaveProperty('error.type');
  });

  it('is cancelled, not failed, when it is aborted', async () => {
    const rec = watch();
    const abort = new AbortController();
    const ended = new Promise((resolve) => request({ host: '127.0.0.1', port, path: '/never', signal: abort.signal }).on('error', resolve).end());
    await until(() => got.length === 1);
    abort.abort();
    await ended;
    const stop = new AbortController();
    const pending = fetch(`http://127.0.0.1:${port}/never`, { signal: stop.signal }).catch((error: Error) => error.name);
    await until(() => got.length === 2);
    stop.abort();
    expect(await pending).toBe('AbortError');
    await until(() => rec.client.length === 2);
    expect(rec.clients().map((span) => span.outcome)).toEqual([
      { cancelled: true, errorType: undefined },
      { cancelled: true, errorType: undefined },
    ]);
  });

  it('does not hide an error that nobody listens for', async () => {
    watch();
    const client = get({ host: '127.0.0.1', port, path: '/' }, (res) => res.resume());
    expect(client.listenerCount('error')).toBe(0);
    await new Promise((resolve) => client.on('close', resolve));
  });

  it('sends headers given as a list as they are', async () => {
    watch();
    await new Promise<void>((resolve) => {
      request({ host: '127.0.0.1', port, headers: ['host', 'x', 'x-a', '1'] as never }, (res) => res.resume().on('end', () => resolve())).end();
    });
    expect(got[0]?.['x-a']).toBe('1');
    expect(got[0]?.traceparent).toBeUndefined();
  });
});
