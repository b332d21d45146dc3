import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const fixture = fileURLToPath(new URL('fixtures/logs-service.mjs', import.meta.url));
type Line = Record<string, unknown>;

interface Service {
  readonly lines: Line[];
  get(path: string, headers?: Record<string, string>): Promise<string>;
  admin(method: string, path: string, body?: object): Promise<{ status: number; text: string }>;
  stop(): Promise<number | null>;
}

let dir = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-logs-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

async function startService(logs: object = {}): Promise<Service> {
  const child = spawn(process.execPath, [fixture, dir, JSON.stringify({ format: 'json', ...logs })], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const lines: Line[] = [];
  let rest = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) lines.push(JSON.parse(part) as Line);
  });
  const ports = await new Promise<{ app: number; admin: number }>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      err += chunk.toString();
      const match = /ports (\{.*\})/.exec(err);
      if (match) resolve(JSON.parse(match[1] as string) as { app: number; admin: number });
    });
    child.on('exit', () => reject(new Error(`it ended: ${err}`)));
  });
  return {
    lines,
    async get(path, headers = {}) {
      return (await fetch(`http://127.0.0.1:${ports.app}${path}`, { headers })).text();
    },
    async admin(method, path, body) {
      const answer = await fetch(`http://127.0.0.1:${ports.admin}${path}`, {
        method,
        ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
      });
      return { status: answer.status, text: await answer.text() };
    },
    async stop() {
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      child.kill('SIGTERM');
      return ended;
    },
  };
}

const of = (lines: readonly Line[], name: string): Line[] => lines.filter((line) => line['logger'] === name);

describe('the levels of a running service', () => {
  it('a lease for a route or a user reaches those requests and no other', async () => {
    const service = await startService();
    await service.get('/orders/1');
    expect((await service.admin('POST', '/loggers/orders?route=/orders/:id', { configuredLevel: 'DEBUG', ttl: '5m' })).status).toBe(204);
    await service.get('/orders/2');
    await service.get('/health');
    expect((await service.admin('POST', '/loggers/orders?route=/orders/:id', { configuredLevel: null })).status).toBe(204);
    await service.get('/orders/3');
    expect((await service.admin('POST', '/loggers/orders?user=ada', { configuredLevel: 'DEBUG', ttl: '5m' })).status).toBe(204);
    await Promise.all(['ada', 'bob', 'eve'].map((user) => service.get('/orders/4', { 'x-user': user })));
    expect(await service.stop()).toBe(0);
    expect(of(service.lines, 'orders').map((line) => [line['id'], line['user.id'], typeof line['trace_id']])).toEqual([
      ['2', 'nobody', 'string'],
      ['4', 'ada', 'string'],
    ]);
    expect(of(service.lines, 'sonde.levels').map((line) => line['log.level.scope'])).toEqual(['route /orders/:id', 'route /orders/:id', 'user ada']);
  });

  it('a lease for the trace of a caller reaches that request alone', async () => {
    const service = await startService();
    const trace = '0af7651916cd43dd8448eb211c80319c';
    expect((await service.admin('POST', `/loggers/orders?trace=${trace}`, { configuredLevel: 'DEBUG', ttl: '5m' })).status).toBe(204);
    await service.get('/orders/1', { traceparent: `00-${trace}-b7ad6b7169203331-01` });
    await service.get('/orders/2', { traceparent: `00-${trace.replace('9c', '9d')}-b7ad6b7169203331-01` });
    expect(await service.stop()).toBe(0);
    expect(of(service.lines, 'orders').map((line) => [line['id'], line['trace_id']])).toEqual([['1', trace]]);
  });

  it('a lease outlives a restart; a permanent level does not', async () => {
    const first = await startService();
    await first.admin('PUT', '/log/level?logger=orders', { level: 'debug', ttl: '5m', reason: 'slow' });
    await first.admin('PUT', '/log/level?logger=other', { level: 'trace' });
    expect(await first.stop()).toBe(0);
    const second = await startService();
    await second.get('/orders/1');
    expect(JSON.parse((await second.admin('GET', '/log/level?logger=orders')).text)).toMatchObject({ level: 'debug', revertsTo: 'info' });
    expect(JSON.parse((await second.admin('GET', '/log/level?logger=other')).text)).toEqual({ level: 'info' });
    expect(await second.stop()).toBe(0);
    expect(of(second.lines, 'orders').map((line) => line['id'])).toEqual(['1']);
  });
});

describe('sampling in a running service', () => {
  it('leaves equal lines out, and the ledger says so', async () => {
    const service = await startService({ levels: { orders: 'debug' }, sampling: { tick: '1h', first: 1, thereafter: 2 } });
    for (let i = 1; i <= 6; i++) await service.get(`/orders/${i}`);
    const { log } = JSON.parse((await service.admin('GET', '/debug/ledger?format=json')).text) as {
      log: { produced: number; dropped: Record<string, number> };
    };
    expect(await service.stop()).toBe(0);
    expect(of(service.lines, 'orders').map((line) => line['id'])).toEqual(['1', '3', '5']);
    expect([log.produced, log.dropped['sampled']]).toEqual([6, 3]);
  });
});

describe('retroactive debug of a running service', () => {
  it('shows the debug lines of the request that failed, and of no other', async () => {
    const service = await startService({ retroactive: true });
    await service.get('/orders/good');
    const id = await service.get('/orders/bad');
    expect(await service.stop()).toBe(0);
    const [line] = of(service.lines, 'orders');
    expect(of(service.lines, 'orders')).toHaveLength(1);
    expect(line).toMatchObject({ level: 'debug', id: 'bad', message: 'placing', retroactive: true });
    const record = service.lines.find((one) => one['error.id'] === id);
    expect(record).toMatchObject({ level: 'error', trace_id: line?.['trace_id'] });
  });

  it('shows them of a request that answers 5xx without a report, and not of one that answers 4xx', async () => {
    const service = await startService({ retroactive: true });
    for (const code of ['503', '404']) await service.get(`/status/${code}`);
    expect(await service.stop()).toBe(0);
    expect(of(service.lines, 'orders').map((line) => [line['code'], line['retroactive']])).toEqual([['503', true]]);
  });
});
