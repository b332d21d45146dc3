import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getLevel, type Sonde, start } from 'sonde';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let dir: string;
let sonde: Sonde;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-security-'));
  sonde = await start({ service: 'security', dir, admin: { port: 0 }, logs: { level: 'warn', format: 'json' } });
});
afterAll(async () => {
  await sonde.shutdown({ within: '60s' });
  rmSync(dir, { recursive: true, force: true });
});

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function call(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const client = request({ host: '127.0.0.1', port: sonde.adminPort, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    client.on('error', reject).end(body);
  });
}

/** Sends bytes as they are and gives what comes back until the server closes. */
function raw(bytes: string, keepWriting?: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(sonde.adminPort as number, '127.0.0.1', () => {
      socket.write(bytes);
      keepWriting?.(socket);
    });
    let text = '';
    socket
      .on('data', (chunk) => (text += chunk))
      .on('error', () => {})
      .on('close', () => resolve(text));
  });
}

const statuses = (text: string): number[] => [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => Number(match[1]));

async function refusals(reason: string, status?: string): Promise<number> {
  const { body } = await call('/metrics');
  return [...body.matchAll(/^sonde_admin_refused_total\{reason="(\w+)",status="(\w+)"\} (\d+)/gm)]
    .filter(([, one, code]) => one === reason && (status === undefined || code === status))
    .reduce((sum, [, , , count]) => sum + Number(count), 0);
}

describe('what a browser can be made to send', () => {
  it.each([
    ['a rebound name', { host: 'evil.example' }, 'host'],
    ['a form of another site', { origin: 'https://evil.example' }, 'origin'],
    ['a request of another site', { 'sec-fetch-site': 'cross-site' }, 'cross_site'],
    ['what a proxy forwards', { 'x-forwarded-for': '203.0.113.9' }, 'peer'],
  ] as [string, Record<string, string>, string][])('%s changes nothing, is refused and counted', async (_name, headers, reason) => {
    const before = await refusals(reason);
    const reply = await call('/log/level', { ...headers, 'content-type': 'text/plain' }, 'PUT', '{"level":"trace"}');
    expect([reply.status, getLevel().level]).toEqual([403, 'warn']);
    expect(await refusals(reason)).toBe(before + 1);
  });

  it('gets no permission by a preflight', async () => {
    const reply = await call('/log/level', { origin: 'https://evil.example', 'access-control-request-method': 'PUT' }, 'OPTIONS');
    expect(reply.status).toBe(403);
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('bytes that no client should send', () => {
  const after = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const put = (headers: string, body: string): string => `PUT /log/level HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${body}${after}`;

  it.each([
    ['length and chunks at once', put('Content-Length: 4\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), '400 malformed'],
    ['chunks and length at once', put('Transfer-Encoding: chunked\r\nContent-Length: 4', '0\r\n\r\n'), '400 malformed'],
    ['two lengths', put('Content-Length: 0\r\nContent-Length: 44', ''), '400 malformed'],
    ['the same length twice', put('Content-Length: 0\r\nContent-Length: 0', ''), '400 malformed'],
    ['a list of lengths', put('Content-Length: 0, 44', ''), '400 malformed'],
    ['a length with a sign', put('Content-Length: +4', 'abcd'), '400 malformed'],
    ['a hexadecimal length', put('Content-Length: 0x4', 'abcd'), '400 malformed'],
    ['a space before the colon', put('Content-Length : 4', 'abcd'), '400 malformed'],
    ['chunked that is obscured', put('Transfer-Encoding: xchunked', '0\r\n\r\n'), '400 malformed'],
    ['chunked that is not last', put('Transfer-Encoding: chunked, identity', '0\r\n\r\n'), '400 malformed'],
    ['a chunk size that is none', put('Transfer-Encoding: chunked', 'zz\r\n\r\n'), '400 malformed'],
    ['a folded header', `GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n`, '400 malformed'],
    ['lines that end in a bare line feed', 'GET /metrics HTTP/1.1\nHost: localhost\n\n', '400 malformed'],
    ['a bare carriage return in a header', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: a\rY: b\r\n\r\n', '400 malformed'],
    ['a NUL in a header', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nX\u0000: a\r\n\r\n', '400 malformed'],
    ['two Hosts', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n', '400 malformed'],
    ['a request without Host', 'GET /metrics HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n', '400 malformed'],
    [
      'a second Host behind two thousand headers',
      `GET /metrics HTTP/1.1\r\nHost: localhost\r\n${'a:b\r\n'.repeat(2_000)}Host: evil.example\r\nConnection: close\r\n\r\n`,
      '400 malformed',
    ],
    ['HTTP/0.9', 'GET /metrics\r\n\r\n', '400 malformed'],
    ['a header of 20 kB', `GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, '431 too_large'],
    ['a target of 20 kB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, '431 too_large'],
    ['no HTTP', '\u0016\u0003\u0001 hello\r\n\r\n', '400 malformed'],
    ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n', '405 method'],
    ['an expectation that is not known', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nExpect: 200-ok\r\n\r\n', '417 malformed'],
  ])('%s: refused in our words, counted once, and nothing after it is served', async (_name, bytes, expected) => {
    const [status = '400', reason = 'malformed'] = expected.split(' ');
    const before = await refusals(reason, status);
    const text = await raw(bytes);
    expect(statuses(text)).toEqual([Number(status)]);
    expect(text).not.toContain('sonde_');
    expect(text).toMatch(/^connection: close\r$/im);
    expect(text).toMatch(/^cache-control: no-store\r$/im);
    expect(text).toMatch(/\{"error":"[^"]+"\}\n$/);
    expect(await refusals(reason, status)).toBe(before + 1);
  });

  it('an endless body is cut off', async () => {
    const head = 'PUT /log/level HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
    const text = await raw(head, (socket) => {
      const chunk = `400\r\n${'a'.repeat(1_024)}\r\n`;
      const pour = (): void => {
        if (socket.writable) socket.write(chunk, () => setImmediate(pour));
      };
      pour();
    });
    expect(statuses(text)).toEqual([413]);
    expect(text).toContain('connection: close');
  });

  it('a length that is too long is refused before a byte is read', async () => {
    const text = await raw('PUT /log/level HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n');
    expect(statuses(text)).toEqual([413]);
  });

  it('a URL of 5 kB is refused', async () => {
    expect((await call(`/log/level?x=${'a'.repeat(5_000)}`)).status).toBe(400);
  });

  it.each([
    '/../../etc/passwd',
    '/debug/errors/..%2f..%2fetc%2fpasswd',
    '/debug/errors/%2e%2e/%2e%2e',
    '/debug/errors/....//',
    '/..\\..\\x',
    '//evil.example/metrics/x',
    '/debug/errors/%00',
    '/%',
  ])('the path %s leads nowhere', async (path) => {
    const { status, body } = await call(path);
    expect([400, 404]).toContain(status);
    expect(body).not.toContain('root:');
  });
});

describe('clients that do not let go', () => {
  it('a thousand idle connections lock nobody out', async () => {
    const sockets: Socket[] = [];
    for (let i = 0; i < 1_000; i++) {
      const socket = connect(sonde.adminPort as number, '127.0.0.1').on('error', () => {});
      sockets.push(socket);
      if (i % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await call('/healthz')).status).toBe(200);
    // 64 are kept, and the ones that ask in between are among them.
    await expect.poll(() => refusals('connections', 'none')).toBeGreaterThanOrEqual(936);
    for (const socket of sockets) socket.destroy();
  });

  it('headers that drip are cut off', async () => {
    const text = await raw('GET /metrics HTTP/1.1\r\nHost: localhost\r\n', (socket) => {
      const drip = setInterval(() => socket.write('X-A: b\r\n'), 500);
      socket.once('close', () => clearInterval(drip));
    });
    expect(statuses(text)).toEqual([408]);
    expect(await refusals('too_slow', '408')).toBe(1);
  });

  it('a body that drips is cut off', async () => {
    const text = await raw('PUT /log/level HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n', (socket) => {
      const drip = setInterval(() => socket.write('x'), 500);
      socket.once('close', () => clearInterval(drip));
    });
    expect(statuses(text)).toEqual([408]);
    expect(await refusals('too_slow', '408')).toBe(2);
  });
});
