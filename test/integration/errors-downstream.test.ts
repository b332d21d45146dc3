import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { report, type Sonde, sendProblem, start, traced } from 'sonde';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLookup } from '../../dist/store/open-lookup.js';

let sonde: Sonde;
let dir: string;
let bank: Server;
let bankPort: number;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-downstream-'));
  sonde = await start({ service: 'shop', dir, logs: { level: 'off' } });
  bank = createServer((req, res) => sendProblem(req, res, new Error('the vault is empty')));
  await new Promise<void>((resolve) => bank.listen(0, '127.0.0.1', resolve));
  bankPort = (bank.address() as AddressInfo).port;
});
afterAll(async () => {
  bank.close();
  bank.closeAllConnections();
  await sonde.shutdown({ within: '60s' });
  rmSync(dir, { recursive: true, force: true });
});

async function record(id: string): Promise<Record<string, unknown>> {
  await sonde.flush({ within: '60s' });
  const lookup = openLookup(dir);
  const found = (await lookup.error(id)) as unknown as Record<string, unknown>;
  await lookup.close();
  return found;
}

const byFetch = async (): Promise<{ status: number; id: string | null }> => {
  const response = await fetch(`http://127.0.0.1:${bankPort}/`);
  await response.text();
  return { status: response.status, id: response.headers.get('x-error-id') };
};
const byRequest = (): Promise<{ status: number; id: string | null }> =>
  new Promise((resolve, reject) => {
    request({ port: bankPort, host: '127.0.0.1', agent: false }, (res) => {
      res.resume().on('end', () => resolve({ status: res.statusCode ?? 0, id: res.headers['x-error-id'] as string }));
    })
      .on('error', reject)
      .end();
  });

describe('the ID of a service below', () => {
  it.each([
    ['fetch', byFetch],
    ['node:http', byRequest],
  ])('is found from the one above, by %s', async (_how, call) => {
    let below: string | null = null;
    const charge = traced('charge', async () => {
      const answer = await call();
      below = answer.id;
      if (answer.status >= 500) throw new Error(`the bank answered ${answer.status}`);
    });
    const error = await charge().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const { id } = report(error);
    expect(id).not.toBe(below);
    const above = await record(id);
    expect(above['sonde.error.cause_id']).toBe(below);
    const cause = await record(String(above['sonde.error.cause_id']));
    expect(cause['message']).toBe('the vault is empty');
    expect(cause['trace_id']).toBe(above['trace_id']);
  });

  it('is not taken for the cause of another trace', async () => {
    await traced('a', byFetch)();
    const { id } = await traced('b', async () => report(new Error('unrelated')))();
    expect((await record(id))['sonde.error.cause_id']).toBeUndefined();
  });
});
