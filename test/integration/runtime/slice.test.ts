import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bind, defineError, logger, report, type Sonde, start, traced } from 'sonde';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let dir: string;
let sonde: Sonde;
let shop: Server;
let bank: Server;
let answer: { status: number; id: string; message: string };
const bankHeaders: Record<string, unknown>[] = [];
const CardDeclined = defineError<{ orderId: string }>('slice/card-declined', { status: 402, public: 'Your card was declined.' });

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function admin(path: string, init?: RequestInit): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${sonde.adminPort}${path}`, init);
  return { status: response.status, text: await response.text() };
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-slice-'));
  sonde = await start({ service: 'shop', dir, admin: { port: 0 }, logs: { format: 'json', level: 'off', levels: { orders: 'info' } } });
  bank = createServer((req, res) => {
    bankHeaders.push(req.headers);
    res.statusCode = 402;
    res.end();
  });
  const bankPort = await listen(bank);
  const log = logger('orders');
  const charge = traced('payments.charge', async (id: string) => (await fetch(`http://127.0.0.1:${bankPort}/charge/${id}?token=secret`)).ok);
  const place = traced('orders.place', async (id: string) => {
    log.info({ order: id }, 'placing');
    log.debug('not seen');
    if (!(await charge(id))) throw new CardDeclined(`Cannot charge order "${id}"`, { data: { orderId: id } });
  });
  shop = createServer(async (_req, res) => {
    bind({ 'request.id': 'r-1' });
    try {
      await place('7');
    } catch (error) {
      const { id, status, message } = report(new Error('cannot place', { cause: error }));
      res.writeHead(status, { 'x-error-id': id });
      res.end(message);
    }
  });
  const port = await listen(shop);
  const response = await fetch(`http://127.0.0.1:${port}/orders/7`, { headers: { 'x-request-timeout-ms': '5000' } });
  answer = { status: response.status, id: response.headers.get('x-error-id') ?? '', message: await response.text() };
});

afterAll(async () => {
  for (const server of [shop, bank]) {
    server.closeAllConnections();
    server.close();
  }
  await sonde.shutdown({ within: '60s' });
  rmSync(dir, { recursive: true, force: true });
});

describe('one request through every layer', () => {
  it('answers with an ID that finds the error at once and after it is stored', async () => {
    expect(answer.id).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
    const before = await admin(`/debug/errors/${answer.id}?format=json`);
    expect(before.status).toBe(200);
    expect(await sonde.flush({ within: '60s' })).toBe(true);
    const after = await admin(`/debug/errors/${answer.id.toLowerCase().replaceAll('-', '')}?format=json`);
    expect(after.status).toBe(200);
    const record = JSON.parse(after.text) as Record<string, unknown>;
    expect(record).toMatchObject({ 'error.id': answer.id, 'service.name': 'shop', 'request.id': 'r-1' });
    expect(record['exception.stacktrace']).toContain('Caused by:');
    expect(record['exception.stacktrace']).toContain('slice.test.ts');
    expect(JSON.parse(before.text)).toMatchObject({ 'error.id': answer.id, trace_id: record.trace_id });
  });

  it('stores one trace: server span, two traced functions, client span, and the bank as its child', async () => {
    await sonde.flush({ within: '60s' });
    const record = JSON.parse((await admin(`/debug/errors/${answer.id}?format=json`)).text) as { trace_id: string };
    const { openReader } = (await import('../../../dist/store/query.js')) as typeof import('../../../src/store/query.ts');
    const reader = openReader(dir);
    const trace = await reader.trace(record.trace_id);
    const logs = await reader.logs({ traceId: record.trace_id });
    await reader.close();
    const byId = new Map(trace?.spans.map((span) => [span.spanId, span]));
    const path = (name: string, kind: number): string[] => {
      const names: string[] = [];
      for (let span = trace?.spans.find((one) => one.name === name && one.kind === kind); span; span = byId.get(span.parentSpanId ?? ''))
        names.push(`${span.name}/${span.kind}`);
      return names;
    };
    expect(trace?.spans.length).toBe(6);
    const client = trace?.spans.find((one) => one.kind === 2 && String(one.attributes['url.full']).includes('/charge/7'));
    expect(client?.attributes).toMatchObject({ 'http.response.status_code': 402, 'error.type': '402' });
    expect(client?.attributes['url.full']).toContain('token=REDACTED');
    expect(byId.get(client?.parentSpanId ?? '')?.name).toBe('payments.charge');
    expect(path('payments.charge', 0)).toEqual(['payments.charge/0', 'orders.place/0', 'GET/1', 'GET/2']);
    const served = trace?.spans.find((one) => one.parentSpanId === client?.spanId);
    expect([served?.kind, served?.attributes['url.query']]).toEqual([1, 'token=REDACTED']);
    expect(logs.items.map((one) => one.message)).toEqual(['placing']);
  });

  it('hands the deadline on, smaller than it came', () => {
    const left = Number(bankHeaders[0]?.['x-request-timeout-ms']);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(5_000);
  });

  it('counts calls, requests and errors under their names', async () => {
    const { text } = await admin('/metrics');
    expect(text).toMatch(/function_calls_total\{function="orders\.place",.*result="error".*\} 1/);
    expect(text).toMatch(/http_server_request_duration_seconds_count\{http_request_method="GET",url_scheme="http",http_response_status_code="500"/);
    expect(text).toMatch(/http_client_request_duration_seconds_count\{.*server_address="127\.0\.0\.1".*http_response_status_code="402".*\} 1/);
    expect(text).toMatch(/errors_total\{.*\} 1/);
    expect(text).toContain('sonde_telemetry_records_total{signal="span",outcome="produced"}');
  });

  it('changes a level while the process runs, and shows the lease as a metric', async () => {
    expect((await admin('/log/level?logger=orders&level=debug&ttl=1m', { method: 'PUT' })).status).toBe(200);
    expect(logger('orders').isLevelEnabled('debug')).toBe(true);
    expect((await admin('/metrics')).text).toMatch(/sonde_log_level_override_active\{logger="orders"\} 1/);
    expect((await admin('/log/level?logger=orders&level=info', { method: 'PUT' })).text).toBe('{"level":"info"}\n');
    expect(logger('orders').isLevelEnabled('debug')).toBe(false);
  });

  it('adds up', async () => {
    await sonde.flush({ within: '60s' });
    const ledger = JSON.parse((await admin('/debug/ledger?format=json')).text) as Record<string, Record<string, number> & { dropped: Record<string, number> }>;
    for (const signal of ['span', 'log', 'error', 'metric']) {
      const one = ledger[signal];
      const dropped = Object.values(one?.dropped ?? {}).reduce((sum, count) => sum + count, 0);
      expect(one?.produced).toBe((one?.stored ?? 0) + (one?.sent ?? 0) + (one?.spooled ?? 0) + (one?.pending ?? 0) + dropped);
    }
    expect(ledger.error?.stored).toBeGreaterThan(0);
  });

  it('does not watch requests to its own admin server', async () => {
    await admin('/readyz');
    await sonde.flush({ within: '60s' });
    const { openReader } = (await import('../../../dist/store/query.js')) as typeof import('../../../src/store/query.ts');
    const reader = openReader(dir);
    const { text } = await admin('/metrics');
    await reader.close();
    expect(text).not.toMatch(/http_server_request_duration_seconds_count\{[^}]*http_response_status_code="200"/);
  });

  it('shows the recent requests by latency, and the trace with its lines', async () => {
    const { families } = JSON.parse((await admin('/debug/traces?format=json')).text) as { families: { name: string; counts: number[] }[] };
    expect(families.find((one) => one.name === 'GET')?.counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    const { spans } = JSON.parse((await admin('/debug/traces?name=orders.place&bucket=8&format=json')).text) as { spans: { traceId: string }[] };
    await sonde.flush({ within: '60s' });
    const page = await admin(`/debug/traces/${spans[0]?.traceId}`);
    expect(page.status).toBe(200);
    expect(page.text).toContain('payments.charge');
    expect(page.text).toContain('placing');
  });

  it('lists what is active', async () => {
    let finish = (): void => {};
    const slow = createServer((_req, res) => {
      finish = () => void res.end();
    });
    const port = await listen(slow);
    const pending = fetch(`http://127.0.0.1:${port}/hangs`);
    await expect.poll(async () => (await admin('/debug/traces?format=json')).text).toContain('"detail":"/hangs"');
    finish();
    await (await pending).text();
    await expect.poll(async () => (await admin('/debug/traces?format=json')).text).not.toContain('"detail":"/hangs"');
    slow.close();
  });

  it('lists what is open', async () => {
    const { handles } = JSON.parse((await admin('/debug/handles?format=json')).text) as { handles: { kind: string; site?: string }[] };
    expect(handles.filter((one) => one.kind === 'server' && one.site?.includes('slice.test.ts')).length).toBe(2);
  });

  it('keeps its files in the folder', () => {
    expect(readdirSync(dir).sort()).toEqual(expect.arrayContaining(['journal', 'store']));
  });
});
