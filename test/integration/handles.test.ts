import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heartbeat, listHandles, type Sonde, start, supervise, ticker, traced } from 'sonde';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'sonde-handles-'));
let sonde: Sonde;
let admin: Server;
beforeAll(async () => {
  sonde = await start({ service: 'handles', dir });
  admin = createServer(sonde.admin).listen(0, '127.0.0.1');
  await once(admin, 'listening');
});
afterAll(async () => {
  admin.close();
  admin.closeAllConnections();
  await sonde.shutdown({ within: '60s' });
  rmSync(dir, { recursive: true, force: true });
});

function get(server: Server, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    request({ host: '127.0.0.1', port, path, agent: false }, (response: IncomingMessage) => {
      let body = '';
      response.on('data', (chunk) => (body += String(chunk))).on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('handles of a program that runs under Sonde', () => {
  it('are listed with the traced function that opened them, and on /debug/handles', async () => {
    const poll = traced('rates.poll', () => setTimeout(() => {}, 60_000));
    const timer = poll();
    const found = listHandles().find(({ owner }) => owner === 'rates.poll');
    expect(found).toMatchObject({
      type: 'timeout',
      package: 'app',
      site: expect.stringContaining('handles.test.ts'),
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const page = JSON.parse((await get(admin, '/debug/handles?format=json')).body) as { handles: { owner?: string; kind: string }[] };
    expect(page.handles.find(({ owner }) => owner === 'rates.poll')).toMatchObject({ kind: 'timeout' });
    clearTimeout(timer);
    expect(listHandles().some(({ owner }) => owner === 'rates.poll')).toBe(false);
  });

  it('include a fetch that is traced itself, with the line that called it', async () => {
    const ask = traced('rates.ask', fetch);
    const asked = ask(`http://127.0.0.1:${(admin.address() as AddressInfo).port}/healthz`);
    await once(admin, 'request');
    expect(listHandles().find(({ type }) => type === 'fetch')).toMatchObject({ site: expect.stringContaining('handles.test.ts'), owner: 'rates.ask' });
    await (await asked).text();
    expect(listHandles().some(({ type }) => type === 'fetch')).toBe(false);
  });

  it('do not include what Sonde itself holds', () => {
    expect(listHandles().filter(({ type }) => type === 'worker' || type === 'child')).toEqual([]);
    expect(listHandles().filter(({ site }) => /sonde[\\/](dist|src)[\\/]/.test(site ?? ''))).toEqual([]);
  });

  it('tick for ever where an interval was started in a request that was answered', async () => {
    const timers: NodeJS.Timeout[] = [];
    const app = createServer((_request, response) => {
      timers.push(setInterval(() => {}, 5_000));
      response.end('ok');
    }).listen(0, '127.0.0.1');
    await once(app, 'listening');
    await get(app, '/watch');
    expect(listHandles().find(({ state }) => state === 'forever')).toMatchObject({ type: 'interval', note: 'ticks on though its owner is over: span ended' });
    timers.forEach(clearInterval);
    app.close();
    app.closeAllConnections();
  });

  it('are counted on /metrics, heartbeats too', async () => {
    const beat = heartbeat('integration', { every: '1h', explain: false });
    beat.pulse();
    const timers = [1, 2].map(() => setInterval(() => {}, 60_000));
    const { body } = await get(admin, '/metrics');
    timers.forEach(clearInterval);
    beat.stop();
    expect(body).toMatch(/^sonde_handles_open\{type="interval"\} 2$/m);
    expect(body).toMatch(/^sonde_heartbeat_age_seconds\{name="integration"\} \d+\.\d+/m);
  });

  it('make the process not ready while a critical heartbeat is late', async () => {
    const beat = heartbeat('consumer', { every: '10ms', explain: false });
    beat.pulse();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const late = await get(admin, '/readyz');
    beat.stop();
    expect(late.status).toBe(503);
    // On a busy machine the loop itself may have stood still: then that is the reason.
    expect(late.body).toMatch(/heartbeat \\"consumer\\": (no beat for|the event loop was blocked for)/);
    expect((await get(admin, '/readyz')).status).toBe(200);
  });

  it('tick and are supervised in real time', async () => {
    const seen: number[] = [];
    await using beat = ticker('5ms', ({ number }) => void seen.push(number), { name: 'real' });
    await supervise(
      'real',
      async ({ attempt }) => {
        if (attempt < 3) throw new Error('again');
        while (seen.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
      },
      { backoff: { initial: '1ms' } },
    ).done;
    expect(seen.slice(0, 3)).toEqual([1, 2, 3]);
    expect(beat.errors).toBe(0);
  });
});
