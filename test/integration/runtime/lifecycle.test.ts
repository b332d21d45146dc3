import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, health, logger, report, type Sonde, type StartOptions, span, start, traced } from 'sonde';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

let dir: string;
const running: Sonde[] = [];
let said: string[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-life-'));
  said = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    said.push(String(chunk));
    return true;
  });
});
afterEach(async () => {
  for (const sonde of running.splice(0)) await sonde.shutdown({ within: '60s' });
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

async function begin(options: StartOptions = {}): Promise<Sonde> {
  const sonde = await start({ service: 'life', dir, logs: { level: 'off' }, ...options });
  running.push(sonde);
  return sonde;
}

/** A path, through the admin server of `sonde`. */
function get(sonde: Sonde, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: sonde.adminPort, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on('error', reject)
      .end();
  });
}

describe('start', () => {
  it('rejects with every problem of the configuration, and nothing runs then', async () => {
    const wrong = start({ dir, sampling: { ratio: 7 }, logs: { level: 'loud' as never } });
    await expect(wrong).rejects.toBeInstanceOf(ConfigError);
    await expect(wrong).rejects.toMatchObject({
      code: 'SONDE_CONFIG',
      problems: ['sampling.ratio is 7, expected a number from 0 to 1', expect.stringContaining('logs.level is "loud"')],
    });
    expect(readdirSync(dir)).toEqual([]);
    await begin();
  });

  it('rejects a second start while one runs, and takes one after the shutdown', async () => {
    const first = await begin();
    await expect(start({ service: 'other', dir })).rejects.toThrow(
      'Cannot start "other": telemetry of "life" runs in this process already, expected its shutdown() first',
    );
    await first.shutdown({ within: '60s' });
    await begin();
  });

  it('rejects the second of two starts at once', async () => {
    const both = await Promise.allSettled([begin(), begin()]);
    expect(both.map((one) => one.status)).toEqual(['fulfilled', 'rejected']);
  });

  it('runs on with one line where the admin port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const sonde = await begin({ admin: { port } });
    taken.close();
    expect(sonde.adminPort).toBeUndefined();
    expect(said.filter((line) => line.includes(`cannot serve the admin pages on 127.0.0.1:${port}`) && line.includes('EADDRINUSE')).length).toBe(1);
  });

  it('runs on where the folder is a file, gives an ID all the same and says what happened to the record', async () => {
    const file = join(dir, 'file');
    writeFileSync(file, '');
    const sonde = await begin({ dir: file });
    const { id, journaled } = report(new Error('kept on stderr'));
    expect(journaled).toBe(false);
    expect(said.some((line) => line.includes(id) && line.includes('kept on stderr'))).toBe(true);
    expect(said.filter((line) => line.includes('cannot write the error journal')).length).toBe(1);
    await sonde.shutdown({ within: '60s' });
  });

  it('does nothing but log where it is disabled', async () => {
    const sonde = await begin({ disabled: true });
    await traced('quiet', async () => 1)();
    expect(existsSync(join(dir, 'store'))).toBe(false);
    expect(await sonde.shutdown({ within: '60s' })).toMatchObject({ flushed: 0, lost: 0 });
  });
});

describe('shutdown', () => {
  it('tells what was brought home, and does so once', async () => {
    const sonde = await begin();
    for (let i = 0; i < 100; i++) traced('work', () => i)();
    const first = sonde.shutdown({ within: '60s' });
    expect(sonde.shutdown({ within: '60s' })).toBe(first);
    expect(await first).toMatchObject({ flushed: 100, lost: 0 });
  });

  it('brings home what ends and is logged while it is under way', async () => {
    const sonde = await begin({ logs: { level: 'info' } });
    let answer!: () => void;
    const request = span('a request that drains', () => new Promise<void>((resolve) => (answer = resolve)));
    const ending = sonde.shutdown({ within: '60s' });
    await new Promise((resolve) => setImmediate(resolve));
    answer();
    await request;
    logger('life').info('drained');
    expect(await ending).toMatchObject({ flushed: 2, lost: 0 });
    expect(sonde.ledger()).toMatchObject({ span: { produced: 1, stored: 1 }, log: { produced: 1, stored: 1 } });
    expect(said).toEqual([]);
  });

  it('refuses a limit without a unit', async () => {
    const sonde = await begin();
    expect(() => sonde.shutdown({ within: 5_000 as never })).toThrow(RangeError);
  });

  it('tells what still holds the process', async () => {
    const sonde = await begin();
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { open } = await sonde.shutdown({ within: '60s' });
    server.close();
    expect(open.some((handle) => handle.type === 'server' && handle.site?.includes('lifecycle.test.ts'))).toBe(true);
  });

  it('is what await using does', async () => {
    const sonde = await begin();
    await sonde[Symbol.asyncDispose]();
    expect(await begin()).not.toBe(sonde);
  });
});

describe('readiness', () => {
  it('asks the checks, each within its limit', async () => {
    const sonde = await begin({ admin: { port: 0 } });
    const undo = [
      health('db', async () => true),
      health('slow', () => new Promise(() => {}), { timeout: '20ms' }),
      health('cache', () => false, { critical: false }),
      health('queue', () => {
        throw new Error('no broker at amqp://app:hunter2@queue/');
      }),
    ];
    const { status, text } = await get(sonde, '/readyz');
    for (const fn of undo) fn();
    expect(status).toBe(503);
    const answer = JSON.parse(text) as { reasons: string[]; checks: Record<string, unknown> };
    expect(answer.reasons).toEqual(['slow: no answer within 20ms', 'queue: no broker at amqp://[redacted]@queue/']);
    expect(answer.checks.cache).toMatchObject({ ok: false, critical: false, reason: 'it answered false' });
    expect((await get(sonde, '/readyz')).status).toBe(200);
    expect((await get(sonde, '/healthz')).status).toBe(200);
  });

  it('refuses a name that is taken', () => {
    const undo = health('db', () => true);
    expect(() => health('db', () => true)).toThrow('Cannot register health check "db": the name is taken, expected a new one');
    undo();
    expect(() => health('x', () => true, { timeout: 5 as never })).toThrow(RangeError);
    expect(() => health('y', 1 as never)).toThrow(TypeError);
  });
});
