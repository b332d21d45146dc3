import { createServer, type Server } from 'node:http';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { escapeHtml, html } from '../../../src/admin/html.ts';
import { routes } from '../../../src/admin/routes.ts';
import { adminDeps, OPEN_TRACE_ID, record, TRACE_ID } from './admin-deps.ts';
import { type AdminServer, adminServer, type Reply } from './admin-server.ts';

let admin: AdminServer;
beforeAll(async () => {
  admin = await adminServer();
});
afterAll(() => admin.close());

const ID = record['error.id'];
const PAGES = [
  '/',
  '/debug',
  '/debug/errors',
  `/debug/errors/${ID}`,
  '/debug/handles',
  '/debug/ledger',
  '/debug/traces',
  `/debug/traces/${TRACE_ID}`,
  '/debug/config',
  '/debug/pprof',
];

describe('pages', () => {
  it.each(PAGES)('%s is HTML without assets and scripts, and lets nothing through', async (path) => {
    const { status, headers, body } = await admin.call(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
    expect(body).not.toMatch(/<script|<img|<i>|<b>|<[^>]* src=|<[^>]*https?:|url\(|@import/);
    expect(body.startsWith('<!doctype html>')).toBe(true);
  });

  it.each(PAGES)('%s is JSON where it is asked for', async (path) => {
    const byQuery = await admin.call(`${path}?format=json`);
    const byHeader = await admin.call(path, { headers: { accept: 'application/json' } });
    for (const { headers, body } of [byQuery, byHeader]) {
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
      expect(typeof JSON.parse(body)).toBe('object');
      expect(body).not.toContain('<');
    }
  });

  it('lists are whole, however long they are', async () => {
    const errors = Array.from({ length: 500 }, () => record);
    const spans = Array.from({ length: 1_000 }, (_, i) => ({ spanId: String(i), startMs: i }));
    const handles = Array.from({ length: 3_000 }, (_, i) => ({ kind: 'timer', site: `a.ts:${i}` }));
    const list = Array.from({ length: 1_000 }, (_, i) => ({ name: `logger${i}`, configured: undefined, effective: 'info' }));
    const { levels } = adminDeps();
    const big = await adminServer({
      errors: async () => ({ items: errors, next: 'page2' }),
      trace: async () => ({ spans: spans as never, logs: [] }),
      handles: () => handles,
      levels: { ...levels, list: () => list },
    });
    const read = async (path: string): Promise<Record<string, unknown[]>> => JSON.parse((await big.call(path)).body);
    expect((await read('/debug/errors?format=json&limit=500'))['errors']?.map((one) => (one as { message: string }).message)).toEqual(
      errors.map(({ message }) => message),
    );
    expect((await read(`/debug/traces/${TRACE_ID}?format=json`))['spans']).toEqual(spans);
    expect((await read('/debug/handles?format=json'))['handles']).toEqual(handles);
    expect(Object.keys((await read('/loggers'))['loggers'] as object)).toEqual(list.map(({ name }) => name));
    await big.close();
  });

  it.each(PAGES)('%s answers HEAD with the headers of GET, and no other method', async (path) => {
    // A page tells how long the process runs, and that grows longer.
    const lengthOf = async (): Promise<unknown> => (await admin.call(path)).headers['content-length'];
    let before: unknown;
    let head: Reply;
    do {
      before = await lengthOf();
      head = await admin.call(path, { method: 'HEAD' });
    } while (before !== (await lengthOf()));
    expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', before]);
    const post = await admin.call(path, { method: 'POST' });
    expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it('shows what it was given, escaped', async () => {
    expect((await admin.call(`/debug/errors/${ID}`)).body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect((await admin.call('/debug')).body).toContain('checkout&lt;b&gt;');
    expect((await admin.call('/debug')).body).toContain('&lt;img src=x&gt;');
    expect((await admin.call('/debug')).body).toContain('<td>2026-11-21T08:00:00.000Z</td><td>route /&lt;i&gt;</td>');
    expect((await admin.call('/debug/handles')).body).toContain('2 × timer');
  });

  it('names what limits the process', async () => {
    const limited = await adminServer({
      bottleneck: () => ({ resource: 'disk', why: 'its threads wait <30 %> for a disk', pressure: { cpu: 0.2, disk: 1.5 } }),
    });
    expect((await limited.call('/debug')).body).toContain('<td>disk</td><td>its threads wait &lt;30 %&gt; for a disk</td><td>0.20</td><td>1.50</td>');
    expect(JSON.parse((await limited.call('/debug?format=json')).body)).toMatchObject({ bottleneck: { resource: 'disk' } });
    limited.close();
  });

  it('pages through errors', async () => {
    const first = JSON.parse((await admin.call('/debug/errors?format=json&limit=1')).body) as { errors: unknown[]; next: string };
    expect([first.errors.length, first.next]).toEqual([1, 'page2']);
    expect((await admin.call('/debug/errors?limit=1')).body).toContain('limit=1&after=page2');
    expect(JSON.parse((await admin.call('/debug/errors?format=json&after=page2')).body)).toHaveProperty('next', null);
    for (const limit of ['0', '-1', 'x', '1.5']) expect((await admin.call(`/debug/errors?limit=${limit}`)).status).toBe(400);
  });

  it('tells a malformed ID from one that is not there', async () => {
    expect([(await admin.call('/debug/errors/abc')).status, (await admin.call('/debug/errors/0000-0000-0000-0000')).status]).toEqual([400, 404]);
  });

  it('shows what is active, slow and kept', async () => {
    const overview = await admin.call('/debug/traces');
    expect(overview.body).toContain('GET /hang (slow)');
    expect(overview.body).toContain('1.5m');
    expect(overview.body).toContain('never &lt;b&gt; (slow) (may never end)');
    expect(overview.body).toContain('a.ts:1&lt;i&gt;');
    expect(overview.body).toContain('under 25ms');
    expect(overview.body).toContain('over 10s');
    expect(overview.body).toContain('<code>0123456789abcdef</code>');
    expect(overview.body).toContain('12345 spans are open');
    expect(JSON.parse((await admin.call('/debug/traces?format=json')).body)).toMatchObject({
      openSpans: 12_345,
      active: [{ isSlow: true }, { name: 'never <b>', spanId: '0123456789abcdef', p99Ms: 25, isStuck: true }, {}],
    });
    expect(overview.body).toContain(`href="../debug/traces?name=GET%20%3Cb%3E&amp;bucket=2"`);
    expect((await admin.call('/debug/traces?name=GET%20%3Cb%3E&bucket=2')).body).toContain('url.path=/&lt;i&gt;');
    expect(JSON.parse((await admin.call('/debug/traces?name=x&bucket=8&format=json')).body)).toMatchObject({ name: 'x', bucket: 8 });
    for (const bucket of ['9', '-1', 'x', '0.5']) expect((await admin.call(`/debug/traces?name=x&bucket=${bucket}`)).status).toBe(400);
  });

  it('shows a trace as a tree with its lines, each span once', async () => {
    const { body } = await admin.call(`/debug/traces/${TRACE_ID}`);
    expect(body.indexOf('root &lt;b&gt;')).toBeLessThan(body.indexOf('child &lt;i&gt;'));
    expect(body).toContain('padding-left:1.2rem');
    expect(body).toContain('l&lt;b&gt;');
    expect((await admin.call(`/debug/traces/${'0'.repeat(32)}`)).status).toBe(404);
    const open = await admin.call(`/debug/traces/${OPEN_TRACE_ID}`);
    expect(open.body).toMatch(/Still open.*never &lt;b&gt;/s);
    expect(JSON.parse((await admin.call(`/debug/traces/${OPEN_TRACE_ID}?format=json`)).body)).toMatchObject({
      spans: [],
      logs: [],
      open: [{ name: 'never <b>' }],
    });
    expect((await admin.call('/debug/traces/zz')).status).toBe(400);
  });

  it('masks the secrets of the configuration', async () => {
    for (const path of ['/debug/config', '/debug/config?format=json']) {
      const { body } = await admin.call(path);
      expect(body).not.toContain('hunter2');
      expect(body).toContain('[masked]');
    }
    expect(JSON.parse((await admin.call('/debug/config?format=json')).body)).toEqual({
      admin: { token: '[masked]', port: 1 },
      otlp: { headers: { 'x-any': '[masked]' }, tracesUrl: 'http://[masked]@c/<b>' },
      http: { ignore: '[function]' },
    });
  });

  it('answers health with its status', async () => {
    expect(await admin.call('/healthz')).toMatchObject({ status: 200, body: '{"status":"ok","reasons":[]}\n' });
    expect(await admin.call('/readyz')).toMatchObject({ status: 503, body: '{"status":"unavailable","reasons":["shutting down"]}\n' });
  });

  it('gives the scraper the format it asks for', async () => {
    expect((await admin.call('/metrics')).headers['content-type']).toBe('text/plain; version=0.0.4');
    expect((await admin.call('/metrics', { headers: { accept: 'application/openmetrics-text' } })).headers['content-type']).toBe(
      'application/openmetrics-text',
    );
  });

  it('knows nothing else', async () => {
    for (const path of ['/x', '/debug/x', '/log', '/debug/errors/a/b/c']) expect((await admin.call(path)).status, path).toBe(404);
  });
});

describe('escapeHtml', () => {
  it.each([
    ['<>&"\'', '&lt;&gt;&amp;&quot;&#39;'],
    ['a\u0000b\u202ec\u001b[31m', 'a\ufffdb\ufffdc\ufffd[31m'],
    ['tab\tand\nline', 'tab\tand\nline'],
  ])('%j', (text, escaped) => {
    expect(escapeHtml(text)).toBe(escaped);
  });

  it('is what a template does to every value but its own', () => {
    expect(html`<p>${'<x>'}${['<y>', html`<b>${1}</b>`]}${undefined}${false}${{ html: 5 }}</p>`.html).toBe('<p>&lt;x&gt;&lt;y&gt;<b>1</b>[object Object]</p>');
  });
});

describe('mounted', () => {
  it('under a prefix of express, with links that lead back below it', async () => {
    const mounted = await adminServer({}, (handler) => createServer(express().use('/ops/admin', handler)));
    expect((await mounted.call('/ops/admin/healthz')).status).toBe(200);
    expect((await mounted.call('/healthz')).status).toBe(404);
    for (const path of ['/ops/admin', '/ops/admin/', '/ops/admin/debug', '/ops/admin/debug/errors', `/ops/admin/debug/errors/${ID}`]) {
      const { body } = await mounted.call(path);
      const link = /href="([^"]*metrics)"/.exec(body)?.[1] ?? '';
      expect(new URL(link, `http://h${path}`).pathname, path).toBe('/ops/admin/metrics');
    }
    mounted.close();
  });

  it('behind a parser of bodies', async () => {
    const mounted = await adminServer({}, (handler) => createServer(express().use(express.json(), express.urlencoded()).use('/admin', handler)));
    expect(await mounted.call('/admin/log/level', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"level":"debug"}' })).toMatchObject(
      { status: 200, body: '{"level":"debug"}\n' },
    );
    expect(
      await mounted.call('/admin/log/level', { method: 'PUT', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'level=warn' }),
    ).toMatchObject({ status: 200, body: '{"level":"warn"}\n' });
    expect(await mounted.call('/admin/log/level?level=error', { method: 'PUT' })).toMatchObject({ status: 200, body: '{"level":"error"}\n' });
    mounted.close();
  });

  it('in fastify, which leaves the body to the handler', async () => {
    const app = fastify();
    const mounted = await adminServer({}, (handler) => {
      app.register(async (scope) => {
        scope.removeAllContentTypeParsers();
        scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
        scope.all('/admin/*', (req, reply) => {
          reply.hijack();
          handler(req.raw, reply.raw);
        });
      });
      return app.server;
    });
    await app.ready();
    expect(await mounted.call('/admin/log/level', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"level":"debug"}' })).toMatchObject(
      { status: 200, body: '{"level":"debug"}\n' },
    );
    expect((await mounted.call('/admin/debug/errors?format=json')).status).toBe(200);
    mounted.close();
    await app.close();
  });

  it('in hono, on the node server', async () => {
    const app = new Hono<{ Bindings: HttpBindings }>();
    const mounted = await adminServer({}, (handler) => {
      app.all('/admin/*', ({ env }) => {
        handler(env.incoming, env.outgoing);
        return RESPONSE_ALREADY_SENT;
      });
      return createAdaptorServer(app) as Server;
    });
    expect(await mounted.call('/admin/log/level', { method: 'PUT', body: '{"level":"debug"}' })).toMatchObject({ status: 200, body: '{"level":"debug"}\n' });
    mounted.close();
  });

  const metricsLink = (body: string, path: string): string => new URL(/href="([^"]*metrics)"/.exec(body)?.[1] ?? '', `http://h${path}`).pathname;

  it('where the framework leaves the prefix on the URL', async () => {
    const mounted = await adminServer({}, (handler) => createServer((request, response) => handler(request, response)));
    for (const path of ['/ops', '/ops/', '/ops/debug', '/ops/debug/errors', '/ops/debug/']) {
      const { status, body } = await mounted.call(path);
      expect([path, status, metricsLink(body, path)]).toEqual([path, 200, '/ops/metrics']);
    }
    expect((await mounted.call('/javascript:alert(1)')).body).not.toMatch(/href="javascript:/);
    expect((await mounted.call('/ops/admin/healthz')).status).toBe(200);
    expect((await mounted.call('/ops/admin/nothing')).status).toBe(404);
    mounted.close();
  });

  it('under the prefix that was said, and no other', async () => {
    const mounted = await adminServer({}, (handler) => createServer((request, response) => handler(request, response)), { prefix: '/ops/admin' });
    for (const path of ['/ops/admin', '/ops/admin/', '/ops/admin/debug']) {
      const { status, body } = await mounted.call(path);
      expect([path, status, metricsLink(body, path)]).toEqual([path, 200, '/ops/admin/metrics']);
    }
    for (const path of ['/', '/ops', '/debug', '/ops/debug', '/ops/adminx', '/ops/admin/x/debug', '/x/ops/admin/debug'])
      expect([path, (await mounted.call(path)).status]).toEqual([path, 404]);
    mounted.close();
  });

  it('under the prefix that was said, where a framework takes it away', async () => {
    const mounted = await adminServer({}, (handler) => createServer(express().use('/ops', handler)), { prefix: '/ops' });
    expect((await mounted.call('/ops/debug')).status).toBe(200);
    expect((await mounted.call('/ops/ops/debug')).status).toBe(404);
    mounted.close();
  });

  it('on a server of its own nothing stands before the paths', async () => {
    for (const path of ['/x/debug/config', '/ops', '/ops/', '/x/metrics', '/x/y/healthz']) expect([path, (await admin.call(path)).status]).toEqual([path, 404]);
  });
});

describe('a target that two readers could take for two things', () => {
  it.each([
    '/debug/../metrics',
    '/debug/..',
    '/./metrics',
    '/debug/%2e%2e/metrics',
    '/debug/.%2E/metrics',
    '/%2e/metrics',
    '//metrics',
    '/debug//errors',
    '/debug\\errors',
    '/debug%5cerrors',
    '/debug/errors/%00',
    '/debug%0aerrors',
    '/%',
    '/%zz',
    '/%ff',
  ])('%s is refused with 400 and counted', async (path) => {
    const own = await adminServer();
    const answers = await Promise.all([own.raw(`GET ${path} HTTP/1.1`, 'Host: localhost'), own.raw(`HEAD ${path} HTTP/1.1`, 'Host: localhost')]);
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['400', '400']);
    expect(own.refusals).toEqual(['malformed', 'malformed']);
    own.close();
  });

  it.each([
    ['an absolute target', 'GET http://localhost/metrics HTTP/1.1', ['Host: localhost']],
    ['an absolute target of another host', 'GET http://evil.example/metrics HTTP/1.1', ['Host: localhost']],
    ['an asterisk', 'OPTIONS * HTTP/1.1', ['Host: localhost']],
    ['two hosts', 'GET /metrics HTTP/1.1', ['Host: localhost', 'Host: evil.example']],
    ['the same host twice', 'GET /metrics HTTP/1.1', ['Host: localhost', 'host: localhost']],
  ])('%s is refused with 400 and counted', async (_name, line, headers) => {
    const own = await adminServer();
    expect((await own.raw(line, ...headers)).slice(9, 12)).toBe('400');
    expect(own.refusals).toEqual(['malformed']);
    own.close();
  });
});

describe('probes that bring no token', () => {
  it.each([
    ['a token', { token: 'hunter2' }],
    ['a hook', { authorize: () => false }],
  ] as const)('learn the status and nothing else, where %s is asked for', async (_name, deps) => {
    const own = await adminServer(deps);
    expect(await own.call('/healthz')).toMatchObject({ status: 200, body: '{"status":"ok"}\n' });
    expect(await own.call('/readyz')).toMatchObject({ status: 503, body: '{"status":"unavailable"}\n' });
    expect(await own.call('/readyz', { method: 'HEAD' })).toMatchObject({ status: 503, body: '' });
    expect((await own.call('/readyz', { method: 'PUT' })).status).toBe(405);
    expect((await own.call('/readyz', { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect([401, 403]).toContain((await own.call('/metrics')).status);
    expect((await own.call('/readyz', { headers: { authorization: 'Bearer hunter2' } })).body.includes('shutting down')).toBe('token' in deps);
    own.close();
  });

  it('are refused as others are where neither was set', async () => {
    const own = await adminServer();
    expect((await own.call('/healthz', { headers: { host: 'evil.example' } })).status).toBe(403);
    own.close();
  });
});

describe('every route', () => {
  const paths = routes.map(({ path }) => path.replace(':name', 'orders').replace('/errors/:id', `/errors/${ID}`).replace(':id', TRACE_ID));

  it.each(paths)('%s: HEAD is GET without its body, OPTIONS is refused with what is allowed, and counted', async (path) => {
    const own = await adminServer();
    const [get, head] = [await own.call(`${path}?seconds=0.01`), await own.call(`${path}?seconds=0.01`, { method: 'HEAD' })];
    expect([head.status, head.body, head.headers['content-type']]).toEqual([get.status, '', get.headers['content-type']]);
    const options = await own.call(path, { method: 'OPTIONS' });
    expect([options.status, options.headers.allow]).toEqual([405, routes[paths.indexOf(path)]?.methods.join(', ')]);
    expect(own.refusals).toEqual(['method']);
    own.close();
  });
});

describe('the table of routes', () => {
  it('has no path twice, and only pages can be opened from elsewhere', () => {
    expect(new Set(routes.map((route) => route.path)).size).toBe(routes.length);
    expect(routes.filter((route) => route.isPage).every((route) => route.methods.join() === 'GET,HEAD')).toBe(true);
    expect(routes.find((route) => route.path === '/log/level')?.isPage).toBeUndefined();
  });
});
