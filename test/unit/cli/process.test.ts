import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testFolder } from '../store/records.ts';
import { cli } from './run-cli.ts';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly body: string;
  readonly authorization: string | undefined;
}

/** A server that answers as the admin routes do; `asked` is what it was asked. */
async function admin(answers: Record<string, { status?: number; body: unknown }>, where?: string) {
  const asked: Asked[] = [];
  const listener: RequestListener = async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push({ method: request.method, url: request.url, body, authorization: request.headers.authorization });
    const answer = answers[`${request.method} ${request.url}`] ?? { status: 404, body: { error: 'no such route' } };
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  };
  const server: Server = createServer(listener);
  await new Promise<void>((done) => (where === undefined ? server.listen(0, '127.0.0.1', done) : server.listen(where, done)));
  onTestFinished(() => void server.close());
  const address = server.address() as AddressInfo | string;
  return { asked, url: typeof address === 'string' ? address : `http://127.0.0.1:${address.port}` };
}

const dropped = { sampled: 3, queue_full: 0, too_large: 0, rejected: 1, expired: 0, spool_full: 0, redacted: 0 };
const LEDGER = { span: { produced: 14, stored: 10, sent: 0, spooled: 0, pending: 0, dropped } };

describe('sonde level', () => {
  it('shows, changes, leases and resets', async () => {
    const { asked, url } = await admin({
      'GET /log/level': { body: { level: 'info' } },
      'GET /log/level?logger=orders.db': { body: { level: 'warn' } },
      'PUT /log/level': { body: { level: 'debug' } },
      'PUT /log/level?logger=orders': { body: { level: 'debug', expiresAt: '2026-11-21T08:00:00.000Z', revertsTo: 'info' } },
      'POST /loggers/orders': { status: 204, body: '' },
      'GET /log/level?logger=orders': { body: { level: 'info' } },
      'GET /loggers': {
        body: { levels: [], loggers: { ROOT: { configuredLevel: 'INFO', effectiveLevel: 'INFO' }, orders: { configuredLevel: null, effectiveLevel: 'INFO' } } },
      },
    });
    const out = async (...argv: string[]) => (await cli(['level', ...argv], { env: { SONDE_URL: url } })).out;
    expect(await out('root')).toBe('root  info\n');
    expect(await out('orders.db')).toBe('orders.db  warn\n');
    expect(await out('debug')).toBe('root  debug\n');
    expect(await out('orders', 'debug', '--for', '10m', '--reason', 'look')).toBe('orders  debug  until 2026-11-21T08:00:00.000Z, then info\n');
    expect(JSON.parse(asked.at(-1)?.body ?? '')).toEqual({ level: 'debug', ttl: '10m', reason: 'look' });
    expect(await out('orders', '--reset')).toBe('orders  info\n');
    expect(asked.find(({ method }) => method === 'POST')?.body).toBe('{"configuredLevel":null}');
    expect(await out()).toBe('root    info  set\norders  info  inherited\n');
    expect(JSON.parse(await out('orders', '--json'))).toEqual({ logger: 'orders', level: 'info' });
  });

  it('changes it for a trace, a route or a user only', async () => {
    const trace = 'a'.repeat(32);
    const { asked, url } = await admin({
      [`POST /loggers/orders.db?trace=${trace}&route=%2Forders%2F%3Aid&reason=look`]: { status: 204, body: '' },
      'POST /loggers/ROOT?user=u+1': { status: 204, body: '' },
      'GET /log/level': { body: { level: 'info' } },
    });
    const scoped = await cli([
      'level',
      'orders.db',
      'debug',
      '--for',
      '10m',
      '--trace',
      trace.toUpperCase(),
      '--route',
      '/orders/:id',
      '--reason',
      'look',
      '--url',
      url,
    ]);
    expect(scoped).toEqual({ exit: 0, err: '', out: `orders.db  debug  where trace=${trace}, route=/orders/:id  for 10m\n` });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ configuredLevel: 'debug', ttl: '10m' });
    expect((await cli(['level', '--reset', '--user', 'u 1', '--url', url])).out).toBe('root  info\n');
    expect(await cli(['level', 'orders', '--user', 'u', '--url', url])).toMatchObject({ exit: 2 });
  });

  it('passes on what the process says', async () => {
    const { url } = await admin({
      'PUT /log/level': { status: 400, body: { error: 'ttl is required' } },
      'PUT /log/level?logger=a': { status: 403, body: { error: 'forbidden' } },
    });
    expect(await cli(['level', 'debug', '--url', url])).toEqual({ exit: 2, out: '', err: `sonde: ${url} says: ttl is required\n` });
    expect(await cli(['level', 'a', 'debug', '--url', url])).toMatchObject({ exit: 3, err: expect.stringContaining('set SONDE_ADMIN_TOKEN') });
  });

  it('sends the token', async () => {
    const { asked, url } = await admin({ 'GET /log/level': { body: { level: 'info' } } });
    await cli(['level', 'root', '--url', url], { env: { SONDE_ADMIN_TOKEN: 's3cret' } });
    expect(asked[0]?.authorization).toBe('Bearer s3cret');
  });
});

describe('sonde ledger and handles', () => {
  it('print a table', async () => {
    const { url } = await admin({
      'GET /debug/ledger?format=json&overhead': { body: LEDGER },
      'GET /debug/ledger?format=json': { body: LEDGER },
      'GET /debug/handles?format=json': {
        body: {
          count: 2,
          handles: [
            { kind: 'interval', detail: '5s', site: 'app.ts:3:1', ageMs: 61_000, holdsProcess: true, close: 'clearInterval' },
            { kind: 'interval', detail: '5s', site: 'app.ts:3:1', ageMs: 1_000, holdsProcess: true, close: 'clearInterval' },
            { kind: 'server', detail: '127.0.0.1:80', holdsProcess: false, close: 'close()', owner: 'main' },
          ],
        },
      },
    });
    expect((await cli(['ledger', '--url', url])).out).toBe(
      'SIGNAL  PRODUCED  STORED  SENT  SPOOLED  PENDING  DROPPED\nspan          14      10     0        0        0  3 sampled, 1 rejected\n',
    );
    expect((await cli(['handles', '--url', url])).out).toBe(
      [
        'COUNT  KIND      WHAT          OLDEST  HOLDS  OWNER  CLOSE WITH     OPENED AT',
        '    2  interval  5s            1.02m   yes           clearInterval  app.ts:3:1',
        '    1  server    127.0.0.1:80          no     main   close()        unknown',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await cli(['ledger', '--json', '--url', url])).out)).toEqual(LEDGER);
  });
});

describe('the process that is meant', () => {
  const answers = { 'GET /debug/ledger?format=json&overhead': { body: LEDGER } };

  it('is found by its pid, or as the only one there', async () => {
    const dir = testFolder();
    mkdirSync(join(dir, 'run'));
    await admin(answers, join(dir, 'run', `${process.pid}.sock`));
    writeFileSync(join(dir, 'run', '4194304.sock'), ''); // of a process that was killed: above the highest process ID
    expect((await cli(['ledger', '--dir', dir, '--pid', String(process.pid)])).exit).toBe(0);
    expect((await cli(['ledger', '--dir', dir])).exit).toBe(0);
    writeFileSync(join(dir, 'run', `${process.ppid}.sock`), '');
    const both = [process.pid, process.ppid].sort((a, b) => a - b).join(', ');
    expect(await cli(['ledger', '--dir', dir])).toEqual({
      exit: 2,
      out: '',
      err: `sonde: Cannot choose among the processes ${both}: say which one with --pid or --url\n`,
    });
  });

  it('is told when it does not answer, or answers otherwise', async () => {
    const { url } = await admin({ 'GET /debug/ledger?format=json&overhead': { body: '<html>' } });
    expect(await cli(['ledger', '--url', url])).toMatchObject({ exit: 3, err: expect.stringContaining('it is no JSON') });
    const closed = createServer();
    await new Promise<void>((done) => closed.listen(0, '127.0.0.1', done));
    const { port } = closed.address() as AddressInfo;
    await new Promise((done) => closed.close(done));
    const { exit, err } = await cli(['ledger', '--json', '--url', `http://127.0.0.1:${port}`]);
    expect({ exit, err }).toEqual({
      exit: 3,
      err: `sonde: Cannot reach the process: nothing answers at http://127.0.0.1:${port}; start the process, or name it with --url, --pid or SONDE_URL (ECONNREFUSED)\n`,
    });
    expect((await cli(['handles', '--url', url])).exit).toBe(1);
  });
});
