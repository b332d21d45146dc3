import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bind, report, type Sonde, start, traced } from 'sonde';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLookup } from '../../dist/store/open-lookup.js';

let sonde: Sonde;
let dir: string;
let server: Server;
let port: number;

const charge = traced(
  'shop.charge',
  { attributes: (order: { id: string; card: string }) => ({ 'order.id': order.id, 'card.number': order.card }) },
  async (_order: { id: string; card: string }) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    throw new Error('the bank said no');
  },
);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-context-'));
  sonde = await start({ service: 'shop', release: '1.2.3', environment: 'test', dir, logs: { level: 'off' } });
  server = createServer((req, res) => {
    bind({ 'user.plan': 'pro' });
    // Reported by plain code in the handler: nobody passes the request along.
    charge({ id: 'o-1', card: '4111' }).catch((error) => res.end(report(error).id));
    req.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await sonde.shutdown({ within: '60s' });
  rmSync(dir, { recursive: true, force: true });
});

describe('the context of an error', () => {
  it('is the request, the scope, the call, the release and the state of the process', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/orders?token=hunter2`, { method: 'POST', headers: { 'x-request-id': 'r-17' } });
    const id = await response.text();
    await sonde.flush({ within: '60s' });
    const lookup = openLookup(dir);
    const record = await lookup.error(id);
    await lookup.close();
    expect(record).toMatchObject({
      'error.id': id,
      'http.request.method': 'POST',
      'url.path': '/orders',
      'http.request.id': 'r-17',
      'user.plan': 'pro',
      'order.id': 'o-1',
      'card.number': '[redacted]',
      'service.name': 'shop',
      'service.version': '1.2.3',
      'deployment.environment.name': 'test',
      'process.pid': process.pid,
      'host.name': expect.any(String),
      'process.memory.rss': expect.any(Number),
      'process.uptime': expect.any(Number),
      'nodejs.eventloop.delay': expect.any(Number),
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      'sonde.error.fingerprint': expect.stringMatching(/^v1:[0-9a-f]{16}$/),
    });
    expect(JSON.stringify(record)).not.toContain('hunter2');
    expect(record?.['exception.stacktrace']).toMatch(/errors-context\.test\.ts:\d+/);
  });

  it('has the attributes of every traced call that the failure came out of, of the inner ones first, also through a wrapper', async () => {
    const inner = traced('shop.inner', { attributes: () => ({ 'order.id': 'inner', 'line.no': 3 }) }, () => Promise.reject(new Error('deep')));
    const middle = traced('shop.middle', { attributes: () => ({ 'order.id': 'middle', 'user.password': 'hunter2' }) }, async () => {
      await inner().catch((cause) => Promise.reject(new Error('middle', { cause })));
    });
    const outer = traced('shop.outer', { attributes: () => ({ tenant: 'acme' }) }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return middle();
    });
    const { id } = await outer().then(
      () => expect.fail(),
      (error) => report(error),
    );
    await sonde.flush({ within: '60s' });
    const lookup = openLookup(dir);
    const record = await lookup.error(id);
    const trace = await lookup.trace(String(record?.['trace_id']));
    await lookup.close();
    expect(record).toMatchObject({ 'order.id': 'inner', 'line.no': 3, 'user.password': '[redacted]', tenant: 'acme' });
    expect(record?.['exception.stacktrace']).toMatch(/at traced shop\.outer/);
    expect(JSON.stringify(trace)).not.toContain('hunter2'); // what the record hides its spans hide too
    expect(JSON.stringify(trace)).toContain('[redacted]');
  });

  it('is of the trace that failed, where one error object is thrown in many (a driver whose pool is closed)', async () => {
    const closed = new Error('the pool is closed');
    const query = traced('db.query', async () => Promise.reject(closed));
    const handle = traced('shop.handle', { attributes: (user: string) => ({ user, [`for.${user}`]: true }) }, async (_user: string) => query());
    for (const user of ['ann', 'bob']) await handle(user).catch(() => undefined); // nobody reports it
    const { id } = await bind({ 'request.id': 'r-3' }, () => handle('carol')).catch((error) => report(error));
    await sonde.flush({ within: '60s' });
    const lookup = openLookup(dir);
    const record = await lookup.error(id);
    const trace = await lookup.trace(String(record?.['trace_id']));
    await lookup.close();
    expect(record).toMatchObject({ user: 'carol', 'request.id': 'r-3', 'for.carol': true });
    expect(record).not.toHaveProperty(['for.ann']);
    expect(record).not.toHaveProperty(['for.bob']);
    expect(String(record?.['exception.stacktrace']).match(/at traced /g)).toHaveLength(2);
    expect(JSON.stringify(trace)).toContain('carol');
  });

  it('does not take the request of another trace', async () => {
    const { id } = await traced('alone', async () => report(new Error('outside of a request')))();
    await sonde.flush({ within: '60s' });
    const lookup = openLookup(dir);
    expect(await lookup.error(id)).not.toHaveProperty(['http.request.method']);
    await lookup.close();
  });
});
