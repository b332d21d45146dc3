import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BreakerOpen, breaker, errorIdOf, type Sonde, sendProblem, start, traced } from 'sonde';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Made before the start, as at the top of a module.
const bank = breaker('bank', { consecutive: 2, openFor: '60s', critical: true });
const charge = traced(
  'payments.charge',
  bank(async (port: number): Promise<number> => {
    const { status } = await fetch(`http://127.0.0.1:${port}/charge`);
    if (status >= 500) throw new Error(`the bank answers ${status}`);
    return status;
  }),
);

const dir = mkdtempSync(join(tmpdir(), 'sonde-breaker-'));
let sonde: Sonde;
let atBank = 0;
let bankStatus = 503;
const bankServer = createServer((_req, res) => {
  atBank++;
  res.writeHead(bankStatus).end();
});
const shop = createServer(async (req, res) => {
  try {
    await charge((bankServer.address() as AddressInfo).port);
    res.end('paid');
  } catch (error) {
    sendProblem(req, res, error);
  }
});
const listen = (server: Server): Promise<void> => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const get = async (port: number, path: string): Promise<{ status: number; text: string; headers: Headers }> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text(), headers: response.headers };
};
const buy = () => get((shop.address() as AddressInfo).port, '/');
const admin = (path: string) => get(sonde.adminPort ?? 0, path);

beforeAll(async () => {
  sonde = await start({ service: 'shop', dir, admin: { port: 0 }, logs: { format: 'json' } });
  await Promise.all([listen(bankServer), listen(shop)]);
});
afterAll(async () => {
  for (const server of [bankServer, shop]) {
    server.closeAllConnections();
    server.close();
  }
  await sonde.shutdown({ within: '60s' });
  rmSync(dir, { recursive: true, force: true });
});

describe('a service whose bank is down', () => {
  it('stops asking the bank, and tells its users so with an ID that leads to the refusal', async () => {
    expect((await admin('/readyz')).status).toBe(200);
    const first = [await buy(), await buy()];
    expect(first.map(({ status }) => status)).toEqual([500, 500]);
    const refused = await buy();
    expect([refused.status, atBank, bank.state]).toEqual([503, 2, 'open']);
    const body = JSON.parse(refused.text) as { errorId: string; detail: string };
    expect(body.detail).toBe('This is not available at the moment. Please try again later.');
    expect(refused.text).not.toContain('bank');
    const found = await admin(`/debug/errors/${body.errorId}?format=json`);
    expect(JSON.parse(found.text)).toMatchObject({
      'error.code': 'sonde/breaker-open',
      'sonde.resilience.name': 'bank',
      'sonde.resilience.last_error.type': 'Error',
      'sonde.resilience.last_error.id': JSON.parse(first[1]?.text ?? '').errorId,
    });
    await expect(charge(0)).rejects.toBeInstanceOf(BreakerOpen);
    const error: unknown = await charge(0).catch((refusal: unknown) => refusal);
    expect(errorIdOf(error)).not.toBe(body.errorId);
  });

  it('is not ready, and shows it among the metrics and the logs', async () => {
    expect(await admin('/readyz')).toMatchObject({ status: 503, text: expect.stringContaining('breaker \\"bank\\" is open: 2 calls in a row failed') });
    const { text } = await admin('/metrics');
    expect(text).toContain('resilience4j_circuitbreaker_state{name="bank",state="open"} 1\n');
    expect(text).toContain('resilience4j_circuitbreaker_not_permitted_calls_total{name="bank",kind="not_permitted"} 3\n');
    expect(text).toMatch(/resilience4j_circuitbreaker_calls_seconds_count\{name="bank",kind="failed"\} 2\n/);
    expect(await sonde.flush({ within: '60s' })).toBe(true);
    const { openReader } = (await import('../../dist/store/query.js')) as typeof import('../../src/store/query.ts');
    const reader = openReader(dir);
    const logs = await reader.logs({ logger: 'sonde.breakers' });
    await reader.close();
    expect(logs.items.map(({ severity, message }) => [severity, message])).toEqual([[13, 'breaker "bank" is open for 1m: 2 calls in a row failed']]);
  });

  it('is well again when the bank is', async () => {
    bankStatus = 200;
    bank.close();
    expect((await buy()).text).toBe('paid');
    expect((await admin('/readyz')).status).toBe(200);
  });
});
