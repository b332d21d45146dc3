import { request as httpRequest } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openUiServer } from '../../../src/cli/ui/server.ts';
import { mintErrorId } from '../../../src/errors/error-id.ts';
import { openLookup } from '../../../src/store/open-lookup.ts';
import { createReceiver } from '../../../src/store/server/receive.ts';
import { openWriter } from '../../../src/store/writer.ts';
import { errorRecord, logData, RESOURCE, spanData, testFolder } from '../store/records.ts';
import { cli } from './run-cli.ts';

const TRACE = 'a'.repeat(32);
const EVIL = '<script>alert("x")</script>\u202e';

async function shop(token?: string) {
  const dir = testFolder();
  const writer = openWriter(dir, { resource: RESOURCE });
  const error = errorRecord({ trace_id: TRACE, message: `Cannot charge ${EVIL}`, [`key${EVIL}`]: EVIL, 'exception.stacktrace': `TypeError: ${EVIL}` });
  writer.writeErrors([error]);
  writer.writeSpans([
    spanData({ traceId: TRACE, spanId: '1'.repeat(16), name: EVIL }),
    spanData({
      traceId: TRACE,
      parentSpanId: '1'.repeat(16),
      name: 'inner',
      status: { code: 2, message: EVIL },
      attributes: { 'error.id': error['error.id'] },
    }),
  ]);
  writer.writeLogs(Array.from({ length: 60 }, (_, i) => logData({ traceId: TRACE, message: `line ${i} ${EVIL}`, attributes: { [EVIL]: EVIL } })));
  const lookup = openLookup(dir);
  const opened = await openUiServer({ port: 0, host: '127.0.0.1', token, lookup, receiver: createReceiver(writer), now: Date.now });
  onTestFinished(async () => {
    await opened.close();
    await lookup.close();
    writer.close();
  });
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(opened.url + path, { redirect: 'manual', headers });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { dir, error, id: error['error.id'], get, url: opened.url };
}

describe('the look-up pages', () => {
  it('show errors, groups, traces and logs, and nothing of a record acts in the browser', async () => {
    const { id, get } = await shop();
    for (const path of ['/', '/errors', '/groups', `/errors/${id}`, `/traces/${TRACE}`, '/logs', '/logs?level=info&logger=orders&limit=5']) {
      const { status, text, headers } = await get(path);
      expect({ path, status, type: headers.get('content-type') }).toEqual({ path, status: 200, type: 'text/html; charset=utf-8' });
      expect(text).toContain('&lt;script&gt;');
      expect(text).not.toMatch(/<script|\u202e/);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    }
    const { text } = await get(`/errors/${id.toLowerCase()}`);
    for (const part of ['line 3', 'inner', 'service.name', 'class="bar bad"']) expect(text).toContain(part);
  });

  it('lead from what a user reads out to the error, and from a trace ID to the trace', async () => {
    const { id, get } = await shop();
    expect((await get(`/find?q=${encodeURIComponent(id.toLowerCase().replaceAll('-', ' '))}`)).headers.get('location')).toBe(`/errors/${id}`);
    expect((await get(`/find?q=${TRACE.toUpperCase()}`)).headers.get('location')).toBe(`/traces/${TRACE}`);
    expect((await get('/find?q=hello')).text).toContain('neither an error ID nor a trace ID');
    const wrong = id.slice(0, -1) + (id.endsWith('Z') ? 'Y' : 'Z');
    expect((await get(`/find?q=${wrong}`)).text).toContain('one symbol is wrong');
  });

  it('page, and give their data as JSON', async () => {
    const { get, id } = await shop();
    const first = JSON.parse((await get('/logs?limit=40&format=json')).text);
    expect(first.logs).toHaveLength(40);
    const second = JSON.parse((await get(`/logs?limit=40&format=json&after=${encodeURIComponent(first.next)}`)).text);
    expect([second.logs.length, second.next]).toEqual([20, null]);
    expect((await get('/logs?limit=40')).text).toContain(`href="/logs?limit=40&amp;after=${encodeURIComponent(first.next).replaceAll("'", '&#39;')}"`);
    expect(JSON.parse((await get(`/errors/${id}?format=json`)).text).error['error.id']).toBe(id);
  });

  it.each([
    ['/errors/hello', 400],
    [`/errors/${mintErrorId()}`, 404],
    [`/traces/${'b'.repeat(32)}`, 404],
    ['/nothing', 404],
    ['/errors/a/b', 400],
    ['/errors?limit=0', 400],
    ['/errors?after=x', 400],
    ['/logs?level=loud', 400],
    ['/logs?trace=x', 400],
    ['/%E0%A4%A', 200],
  ])('answer %s with %i', async (path, status) => {
    const { get } = await shop();
    expect((await get(path)).status).toBe(status);
    expect((await get(`${path}${path.includes('?') ? '&' : '?'}format=json`)).status).toBe(status);
  });

  it('are for this machine, unless there is a token', async () => {
    const { get, url } = await shop();
    expect((await get('/errors', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await get('/errors', { 'x-forwarded-for': '10.0.0.1' })).status).toBe(403);
    expect(await rebound(url)).toBe(403);
    const guarded = await shop('s3cret');
    expect((await guarded.get('/errors')).status).toBe(401);
    expect((await guarded.get('/errors', { authorization: 'Bearer s3cret' })).status).toBe(200);
    expect((await fetch(`${guarded.url}/v1/traces`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).status).toBe(401);
  });
});

/** A name of an attacker that leads to this machine. */
function rebound(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers: { host: 'evil.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('sonde serve and sonde ui', () => {
  it('say where they are, and end when they are told to', async () => {
    for (const [command, receives] of [
      ['serve', true],
      ['ui', false],
    ] as const) {
      const stop = new AbortController();
      const { exit, out, err } = await cli([command, '--json', '--port', '0', '--dir', testFolder()], { stop: stop.signal, onOut: () => stop.abort() });
      expect({ command, exit, ...JSON.parse(out) }).toEqual({ command, exit: 0, receives, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
      expect(err).toBe(receives ? 'sonde: stored 0 spans, 0 log lines, 0 errors; refused 0\n' : '');
    }
  });

  it('refuse to serve others without a token, and a port that is taken', async () => {
    expect(await cli(['serve', '--host', '0.0.0.0', '--dir', testFolder()])).toMatchObject({ exit: 2, err: expect.stringContaining('without a token') });
    const { url } = await shop();
    expect(await cli(['ui', '--port', new URL(url).port, '--dir', testFolder()])).toMatchObject({
      exit: 3,
      err: expect.stringContaining('EADDRINUSE; choose another with --port'),
    });
    expect(await cli(['ui', '--port', '70000'])).toMatchObject({ exit: 2 });
  });
});
