import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { mintErrorId } from '../../../src/errors/error-id.ts';
import { askServer } from '../../../src/stack/lookup/server.ts';
import { cli } from '../cli/run-cli.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function answering(listener: RequestListener): Promise<string> {
  const running = createServer(listener);
  server = running;
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(running.address() as AddressInfo).port}`;
}

const ID = mintErrorId(Date.now());
const look = (url: string, env: Record<string, string> = {}) => cli(['error', ID], { env: { SONDE_LOKI_URL: url, SONDE_DIR: '/nonexistent', ...env } });
const EMPTY = JSON.stringify({ data: { result: [] } });

describe('a look-up at a server that does not answer as it should: one line, exit code 3', () => {
  it.each([
    ['401', 401, {}, 'no org id', 'Cannot read from Loki: it answered 401 no org id; set SONDE_LOKI_TOKEN, or SONDE_LOKI_TENANT'],
    ['403 without a word', 403, {}, '', 'Cannot read from Loki: it answered 403; set SONDE_LOKI_TOKEN, or SONDE_LOKI_TENANT'],
    [
      '429',
      429,
      { 'retry-after': '7' },
      'too many\nrequests',
      'Cannot read from Loki: it answered 429 too many requests; try again after 7 s, or ask for less time',
    ],
    ['500 with a page', 500, {}, 'x'.repeat(5_000), `Cannot read from Loki: it answered 500 ${'x'.repeat(300)}`],
    [
      'a login page',
      302,
      { location: 'https://login.example/?x' },
      '',
      'Cannot read from Loki: it sends us elsewhere (302 https://login.example/?x); set SONDE_LOKI_URL to where it is',
    ],
    ['HTML', 200, {}, '<html>', 'Cannot read the answer of Loki: it is no JSON, is URL the URL of a Loki?'],
    ['other JSON', 200, {}, '{"data":{}}', 'Cannot read the answer of Loki: expected streams, is this the URL of a Loki?'],
    ['escape sequences', 500, {}, '\u001b[2Jgone', 'Cannot read from Loki: it answered 500 \\x1b[2Jgone'],
  ])('%s', async (_what, status, headers, body, line) => {
    const url = await answering((_req, res) => res.writeHead(status, headers).end(body));
    expect(await look(url)).toEqual({ exit: 3, out: '', err: `sonde: ${line.replace('URL the URL', `${url} the URL`)}\n` });
  });

  it('an answer without end', async () => {
    const url = await answering((_req, res) => {
      const chunk = Buffer.alloc(1_048_576, 32);
      const more = (): void => {
        while (!res.destroyed && res.write(chunk));
        if (!res.destroyed) res.once('drain', more);
      };
      more();
    });
    expect(await look(url)).toEqual({ exit: 3, out: '', err: 'sonde: Cannot read the answer of Loki: it is over 64 MiB; ask for less time\n' });
  });

  it('an answer that does not come, or stops in the middle', async () => {
    const url = await answering((req, res) => {
      if (req.url === '/half') res.write('{');
    });
    for (const path of ['/none', '/half'])
      await expect(askServer({ name: 'Tempo', url, limitMs: 100 }, path, {})).rejects.toThrow(`Cannot reach Tempo at ${url}: no answer within 0.1 s`);
  });

  it('a connection that breaks', async () => {
    const url = await answering((req) => req.socket.destroy());
    expect((await look(url)).err).toMatch(/^sonde: Cannot reach Loki at http:\/\/127\.0\.0\.1:\d+: UND_ERR_SOCKET\n$/);
  });

  it.each(['127.0.0.1:3100', 'htp://127.0.0.1', 'http://', 'http://me:hush@[::1', '/loki'])('an address that is none, %s, which is not shown', async (url) => {
    const err = 'sonde: Cannot use SONDE_LOKI_URL as the URL of Loki: expected one such as http://127.0.0.1:3100\n';
    expect(await look(url)).toEqual({ exit: 3, out: '', err });
  });

  it('a token that is none is not shown', async () => {
    const { exit, err } = await look('http://127.0.0.1:9', { SONDE_LOKI_TOKEN: 'hush\nhush' });
    expect([exit, err]).toEqual([3, 'sonde: Cannot send SONDE_LOKI_TOKEN to Loki: expected one line of ASCII\n']);
  });
});

it('sends the token, the tenant, and the password in the URL, which no message shows', async () => {
  const seen: unknown[] = [];
  const url = await answering((req, res) => {
    seen.push([req.headers.authorization, req.headers['x-scope-orgid']]);
    res.end(EMPTY);
  });
  await look(url, { SONDE_LOKI_TOKEN: 't0ken', SONDE_LOKI_TENANT: 'team-a' });
  await look(url.replace('http://', 'http://me:100%@'));
  const run = await look(url.replace('http://', 'http://me:p%40ss@'));
  expect(seen).toEqual([
    ['Bearer t0ken', 'team-a'],
    [`Basic ${Buffer.from('me:100%').toString('base64')}`, undefined],
    [`Basic ${Buffer.from('me:p@ss').toString('base64')}`, undefined],
  ]);
  expect(run.exit).toBe(1);
  expect(run.out + run.err).not.toContain('p%40ss');
});
