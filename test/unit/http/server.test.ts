import { createServer, get, type RequestListener, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { deadline, signal } from '../../../src/core/limit.ts';
import { currentScope, ROOT, type Scope } from '../../../src/core/scope.ts';
import { noteCut } from '../../../src/http/exchange.ts';
import { setRoute } from '../../../src/http/route.ts';
import { watchServers } from '../../../src/http/server.ts';
import { recordedSpans, until } from './recorded-spans.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(handler: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

async function* failing(): AsyncGenerator<string> {
  yield 'piece';
  throw new SyntaxError('x');
}

async function fetched(port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
    }).on('error', reject);
  });
}

function watch(extra: Partial<Parameters<typeof watchServers>[0]> = {}) {
  const rec = recordedSpans();
  closers.push(watchServers({ spans: rec.port, recorder: rec.recorder, ...extra }));
  return rec;
}

describe('watchServers', () => {
  it('runs the handler and what follows from it inside the scope of the request', async () => {
    const rec = watch();
    const seen: Scope[] = [];
    const { port } = await serve(async (req, res) => {
      seen.push(currentScope());
      await new Promise((resolve) => setTimeout(resolve, 2));
      seen.push(currentScope());
      req.on('end', () => seen.push(currentScope())).resume();
      res.end('ok');
    });
    await fetched(port, '/a');
    await until(() => rec.server.length === 1);
    expect(seen).toEqual([rec.spans[0]?.scope, rec.spans[0]?.scope, rec.spans[0]?.scope]);
    expect(currentScope()).toBe(ROOT);
  });

  it('gives each request of a kept-alive and a pipelined connection its own scope', async () => {
    const rec = watch();
    const seen: Scope[] = [];
    const { port } = await serve(async (_req, res) => {
      const scope = currentScope();
      await null;
      expect(currentScope()).toBe(scope);
      seen.push(scope);
      res.end('ok');
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => rec.server.length === 2);
    socket.write('GET /3 HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => rec.server.length === 3);
    socket.destroy();
    expect(new Set(seen).size).toBe(3);
    expect(rec.spans.map((span) => span.attributes['url.path'])).toEqual(['/1', '/2', '/3']);
    expect(rec.spans.every((span) => span.parent === ROOT)).toBe(true);
  });

  it('records the attributes of the semantic conventions', async () => {
    const rec = watch();
    const { port } = await serve((req, res) => {
      setRoute(req, '/orders/:id');
      res.statusCode = 503;
      res.end();
    });
    await fetched(port, '/orders/7?plan=pro&token=s3cret', { 'user-agent': 'test/1' });
    await until(() => rec.server.length === 1);
    expect(rec.spans[0]?.name).toBe('GET /orders/:id');
    expect(rec.spans[0]?.attributes).toEqual({
      'http.request.method': 'GET',
      'url.path': '/orders/7',
      'url.query': 'plan=pro&token=REDACTED',
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'server.port': port,
      'http.route': '/orders/:id',
      'http.response.status_code': 503,
      'error.type': '503',
      'user_agent.original': 'test/1',
      'client.address': '127.0.0.1',
    });
    expect(rec.server).toEqual([{ method: 'GET', scheme: 'http', status: 503, route: '/orders/:id', errorType: '503' }]);
  });

  it('continues the trace that the headers name', async () => {
    const rec = watch();
    const { port } = await serve((_req, res) => res.end());
    await fetched(port, '/', { traceparent: 'remote-1' });
    expect(rec.spans[0]?.parent).toBe(rec.remote.get('remote-1'));
  });

  it('takes the smaller of the header and its own limit', async () => {
    const rec = watch({ limitMs: 5_000 });
    const left: (number | undefined)[] = [];
    const { port } = await serve((_req, res) => {
      left.push(deadline()?.leftMs);
      res.end();
    });
    await fetched(port, '/', { 'x-request-timeout-ms': '100' });
    await fetched(port, '/', { 'x-request-timeout-ms': '60000' });
    await fetched(port, '/', { 'x-request-timeout-ms': '-3' });
    await fetched(port, '/');
    expect(left[0]).toBeLessThanOrEqual(100);
    for (const ms of left.slice(1)) {
      expect(ms).toBeGreaterThan(100);
      expect(ms).toBeLessThanOrEqual(5_000);
    }
    expect(rec.badDeadlines()).toBe(1);
  });

  it('aborts the signal at the deadline', async () => {
    watch();
    const { port } = await serve((_req, res) => {
      const abort = signal() as AbortSignal;
      const end = (): void => void res.end((abort.reason as Error).name);
      if (abort.aborted) end();
      else abort.addEventListener('abort', end);
    });
    expect(await fetched(port, '/', { 'x-request-timeout-ms': '20' })).toBe('TimeoutError');
  });

  it('cancels when the client goes away, and calls that no failure', async () => {
    const rec = watch();
    let abort: AbortSignal | undefined;
    const { port } = await serve(() => {
      abort = signal();
    });
    const client = request({ host: '127.0.0.1', port, agent: false }).on('error', () => {});
    client.end();
    await until(() => abort !== undefined);
    expect(abort?.aborted).toBe(false);
    client.destroy();
    await until(() => rec.server.length === 1);
    expect(abort?.aborted).toBe(true);
    expect(rec.spans[0]?.outcome).toEqual({ cancelled: true, errorType: undefined });
    expect(rec.server[0]?.status).toBe(0);
  });

  it('calls an answer that we cut a failure, and one that the client cut a cancellation', async () => {
    const rec = watch();
    const { port } = await serve((req, res) => {
      res.write('half');
      if (req.url === '/told') setTimeout(() => (noteCut(res, new TypeError('x')), res.destroy()), 5);
      else if (req.url === '/destroyed') setTimeout(() => res.destroy(new RangeError('x')), 5);
      else if (req.url === '/piped') pipeline(Readable.from(failing()), res, () => {});
      else if (req.url === '/left') pipeline(new Readable({ read() {} }), res, () => {});
    });
    const outcomes = async (path: string): Promise<unknown> => {
      const before = rec.server.length;
      const client = request({ host: '127.0.0.1', port, path, agent: false }, (res) => {
        res.on('error', () => {}).resume();
        if (path === '/left') client.destroy();
      }).on('error', () => {});
      client.end();
      await until(() => rec.server.length === before + 1);
      return { ...rec.spans.at(-1)?.outcome, status: rec.server.at(-1)?.status, label: rec.server.at(-1)?.errorType };
    };
    const failed = (type: string): object => ({ cancelled: false, errorType: type, status: 200, label: type });
    expect(await outcomes('/told')).toEqual(failed('TypeError'));
    expect(await outcomes('/destroyed')).toEqual(failed('RangeError'));
    expect(await outcomes('/piped')).toEqual(failed('SyntaxError'));
    expect(await outcomes('/left')).toEqual({ cancelled: true, errorType: undefined, status: 200, label: undefined });
  });

  it('cancels every request of a pipelined connection that ends', async () => {
    const rec = watch();
    const aborts: (AbortSignal | undefined)[] = [];
    const { port } = await serve(() => void aborts.push(signal()));
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\nGET /3 HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => aborts.length === 3);
    socket.destroy();
    await until(() => rec.server.length === 3);
    expect(aborts.map((abort) => abort?.aborted)).toEqual([true, true, true]);
    expect(rec.spans.every((span) => span.outcome?.cancelled)).toBe(true);
  });

  it('keeps made-up methods out of names and labels', async () => {
    const rec = watch();
    const { port } = await serve((_req, res) => res.end());
    const socket = connect(port, '127.0.0.1');
    socket.write('PROPFIND / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => rec.server.length === 1);
    socket.destroy();
    expect(rec.spans[0]?.name).toBe('HTTP');
    expect(rec.spans[0]?.attributes['http.request.method']).toBe('_OTHER');
    expect(rec.spans[0]?.attributes['http.request.method_original']).toBe('PROPFIND');
  });

  it('leaves ignored requests and requests after the end alone', async () => {
    const rec = recordedSpans();
    const stop = watchServers({ spans: rec.port, recorder: rec.recorder, ignore: (req) => req.url === '/admin' });
    const { port } = await serve((_req, res) => res.end());
    await fetched(port, '/admin');
    await fetched(port, '/b');
    await until(() => rec.server.length === 1);
    stop();
    await fetched(port, '/c');
    expect(rec.spans.length).toBe(1);
    expect(rec.spans[0]?.attributes['url.path']).toBe('/b');
  });

  it('lets the request run when the engine throws', async () => {
    const rec = recordedSpans();
    closers.push(
      watchServers({
        spans: {
          ...rec.port,
          start: () => {
            throw new Error('engine');
          },
        },
      }),
    );
    const { port } = await serve((_req, res) => res.end('fine'));
    expect(await fetched(port, '/')).toBe('fine');
  });
});
