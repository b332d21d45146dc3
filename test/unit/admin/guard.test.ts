import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { judge, trustFileOf } from '../../../src/admin/guard.ts';
import { systemClock, useClock } from '../../../src/core/clock.ts';

interface Peer {
  readonly method?: string;
  readonly address?: string | undefined;
  readonly unix?: boolean;
  readonly server?: object;
  readonly destroyed?: boolean;
  readonly headers?: Record<string, string>;
}

const ownFile = {};
trustFileOf(ownFile);

function requestOf({ method = 'GET', address = '127.0.0.1', unix = false, server, destroyed = false, headers = {} }: Peer): IncomingMessage {
  const gone = unix || destroyed;
  const socket = { destroyed, remoteAddress: gone ? undefined : address, remoteFamily: gone ? undefined : 'IPv4', localPort: gone ? undefined : 9464, server };
  return { method, headers: { host: 'localhost:9464', ...headers }, socket } as unknown as IncomingMessage;
}

async function verdict(peer: Peer, deps: Parameters<typeof judge>[1] = {}, opensPage = false): Promise<string> {
  const result = await judge(requestOf(peer), deps, opensPage);
  return result.allowed ? 'allowed' : `${result.answer.status} ${result.reason}`;
}

describe('without token and hook', () => {
  const rows: [string, Peer, string][] = [
    ['IPv4 loopback', {}, 'allowed'],
    ['another loopback address', { address: '127.8.9.1' }, 'allowed'],
    ['IPv6 loopback', { address: '::1', headers: { host: '[::1]:9464' } }, 'allowed'],
    ['mapped IPv4 loopback', { address: '::ffff:127.0.0.1' }, 'allowed'],
    ['a Unix socket', { unix: true }, 'allowed'],
    ['what a proxy forwards by a Unix socket', { unix: true, headers: { 'x-forwarded-for': '203.0.113.9' } }, '403 peer'],
    ['another host by a Unix socket', { unix: true, headers: { host: 'shop.example' } }, '403 host'],
    ['the socket of the command line', { unix: true, server: ownFile, headers: { host: 'sonde' } }, 'allowed'],
    ['a connection that is gone', { destroyed: true }, '403 peer'],
    ['the local network', { address: '192.168.1.5' }, '403 peer'],
    ['a name that begins like loopback', { address: '127.0.0.1.evil' }, '403 peer'],
    ['another IPv6 peer', { address: '2001:db8::1' }, '403 peer'],
    ['what a local proxy forwards', { headers: { 'x-forwarded-for': '203.0.113.9' } }, '403 peer'],
    ['what a local proxy forwards, RFC 7239', { headers: { forwarded: 'for=127.0.0.1' } }, '403 peer'],
    ['what a local proxy forwards, nginx', { headers: { 'x-real-ip': '127.0.0.1' } }, '403 peer'],
    ['what a local proxy forwards, by its name', { headers: { via: '1.1 vegur' } }, '403 peer'],
    ['what a local proxy forwards, the host only', { headers: { 'x-forwarded-host': 'shop.example' } }, '403 peer'],
    ['what a local tunnel forwards', { headers: { 'cf-connecting-ip': '203.0.113.9' } }, '403 peer'],
    ['a local name with port', { headers: { host: 'localhost:80' } }, 'allowed'],
    ['a local name with a final dot', { headers: { host: 'LOCALHOST.' } }, 'allowed'],
    ['a name below localhost', { headers: { host: 'shop.localhost' } }, 'allowed'],
    ['a rebound name', { headers: { host: 'evil.example' } }, '403 host'],
    ['a rebound name that contains localhost', { headers: { host: 'localhost.evil.example' } }, '403 host'],
    ['a rebound name that contains an address', { headers: { host: '127.0.0.1.evil.example' } }, '403 host'],
    ['two hosts', { headers: { host: 'localhost, evil.example' } }, '403 host'],
    ['its own origin', { headers: { origin: 'http://localhost:9464' } }, 'allowed'],
    ['another origin', { headers: { origin: 'http://evil.example' } }, '403 origin'],
    ['another port of this machine', { headers: { origin: 'http://localhost:3000' } }, '403 origin'],
    ['the origin of a sandbox', { headers: { origin: 'null' } }, '403 origin'],
    ['an origin that is none', { headers: { origin: 'x' } }, '403 origin'],
    ['a file', { headers: { origin: 'file://localhost:9464' } }, '403 origin'],
    ['a browser of the same origin', { headers: { 'sec-fetch-site': 'same-origin' } }, 'allowed'],
    ['a typed address', { headers: { 'sec-fetch-site': 'none' } }, 'allowed'],
    ['another site', { headers: { 'sec-fetch-site': 'cross-site' } }, '403 cross_site'],
    ['another port in a browser', { headers: { 'sec-fetch-site': 'same-site' } }, '403 cross_site'],
  ];
  it.each(rows)('%s: %s', async (_name, peer, expected) => {
    expect(await verdict(peer)).toBe(expected);
  });
});

describe('a link from another site', () => {
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  it('opens a page', async () => {
    expect(await verdict({ headers: link }, {}, true)).toBe('allowed');
  });
  it.each([
    ['what is no page', { headers: link }, false],
    ['a form', { method: 'POST', headers: link }, true],
    ['a frame', { headers: { ...link, 'sec-fetch-dest': 'iframe' } }, true],
    ['an image', { headers: { ...link, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } }, true],
  ] as [string, Peer, boolean][])('is refused for %s', async (_name, peer, opensPage) => {
    expect(await verdict(peer, {}, opensPage)).toBe('403 cross_site');
  });
  it('opens no page by a rebound name', async () => {
    expect(await verdict({ headers: { ...link, host: 'evil.example' } }, {}, true)).toBe('403 host');
  });
});

describe('with a token', () => {
  const deps = { token: 'right' };
  it.each([
    ['the token from afar', { address: '203.0.113.9', headers: { authorization: 'Bearer right', host: 'shop.example' } }, 'allowed'],
    ['the token in another case of the scheme', { headers: { authorization: 'bearer  right' } }, 'allowed'],
    ['the socket of the command line', { unix: true, server: ownFile }, 'allowed'],
    ['a Unix socket of the application', { unix: true, server: {} }, '401 token'],
    ['nothing', {}, '401 token'],
    ['another token', { headers: { authorization: 'Bearer wrong' } }, '401 token'],
    ['a beginning of it', { headers: { authorization: 'Bearer righ' } }, '401 token'],
    ['more than it', { headers: { authorization: 'Bearer right1' } }, '401 token'],
    ['an empty one', { headers: { authorization: 'Bearer ' } }, '401 token'],
    ['another scheme', { headers: { authorization: 'Basic right' } }, '401 token'],
    ['a huge one', { headers: { authorization: `Bearer ${'x'.repeat(20_000)}` } }, '401 token'],
    ['the token from another site', { headers: { authorization: 'Bearer right', origin: 'http://evil.example' } }, '403 origin'],
  ] as [string, Peer, string][])('%s: %s', async (_name, peer, expected) => {
    expect(await verdict(peer, deps)).toBe(expected);
  });

  it('asks for it in the words of HTTP', async () => {
    const result = await judge(requestOf({}), deps, false);
    expect(!result.allowed && result.answer.headers).toEqual({ 'www-authenticate': 'Bearer realm="sonde"' });
  });
});

describe('with a hook', () => {
  it.each([
    ['true', () => true, 'allowed'],
    ['a promise of true', async () => true, 'allowed'],
    ['false', () => false, '403 authorize'],
    ['what is only truthy', () => 1 as never, '403 authorize'],
    [
      'a failure',
      () => {
        throw new Error('x');
      },
      '403 authorize',
    ],
    ['a rejection', () => Promise.reject(new Error('x')), '403 authorize'],
  ] as [string, () => boolean, string][])('%s decides for any peer', async (_name, authorize, expected) => {
    expect(await verdict({ address: '203.0.113.9', headers: { host: 'shop.example' } }, { authorize })).toBe(expected);
  });

  it('is not asked for another site', async () => {
    let asked = 0;
    const authorize = () => {
      asked++;
      return true;
    };
    expect(await verdict({ headers: { 'sec-fetch-site': 'cross-site' } }, { authorize })).toBe('403 cross_site');
    expect(asked).toBe(0);
  });

  it('a hook that never answers says no', async () => {
    let due = (): void => {};
    const restore = useClock({
      ...systemClock,
      setTimeout(fn) {
        due = fn;
        return 0;
      },
      clearTimeout() {},
    });
    const asked = verdict({}, { authorize: () => new Promise<boolean>(() => {}) });
    due();
    expect(await asked).toBe('403 authorize');
    restore();
  });

  it('stands beside a token: either is enough', async () => {
    const deps = { token: 'right', authorize: () => false };
    expect(await verdict({ headers: { authorization: 'Bearer right' } }, deps)).toBe('allowed');
    expect(await verdict({}, deps)).toBe('403 authorize');
  });
});
