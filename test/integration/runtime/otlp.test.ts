import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { logger, report, type Sonde, type StartOptions, start, traced } from 'sonde';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

interface Received {
  readonly path: string;
  readonly text: string;
}

let dir: string;
let receiver: Server;
let received: Received[] = [];
let hangs = false;
let running: Sonde | undefined;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-otlp-'));
  received = [];
  hangs = false;
  receiver = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const body = Buffer.concat(chunks);
        received.push({ path: req.url ?? '', text: (req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('latin1') });
        if (!hangs) res.setHeader('content-type', 'application/json').end('{}');
      });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await running?.shutdown({ within: '1s' });
  running = undefined;
  receiver.closeAllConnections();
  receiver.close();
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

async function begin(options: StartOptions = {}): Promise<Sonde> {
  const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  // The receiver is in this process: what it receives must not make further records.
  const http = { ignore: ({ url = '' }: { url?: string | undefined }) => url.startsWith('/v1/') };
  running = await start({ service: 'otlp', dir, http, otlp: { endpoint, protocol: 'http/json' }, logs: { format: 'json' }, ...options });
  return running;
}

function statusOf(sonde: Sonde, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: sonde.adminPort, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe.each(['sonde', 'otel-sdk'] as const)('sending with the engine %s', (engine) => {
  it('brings spans, logs and errors to the receiver', async () => {
    const sonde = await begin({ engine });
    let id = '';
    await traced('otlp.work', async () => {
      logger('otlp').warn('a line to send');
      id = report(new Error('an error to send')).id;
    })();
    expect(await sonde.flush({ within: '60s' })).toBe(true);
    const at = (path: string): string =>
      received
        .filter((one) => one.path === path)
        .map((one) => one.text)
        .join('\n');
    expect(at('/v1/traces')).toContain('otlp.work');
    expect(at('/v1/logs')).toContain('a line to send');
    expect(at('/v1/logs')).toContain(id);
    expect(await sonde.shutdown({ within: '60s' })).toMatchObject({ lost: 0 });
  });
});

describe('a shutdown while the receiver hangs', () => {
  it('says at once that the process is not ready, ends in time, and loses nothing', async () => {
    hangs = true;
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const sonde = await begin({ admin: { port: 0 } });
    traced('otlp.last', () => 1)();
    expect(await statusOf(sonde, '/readyz')).toBe(200);
    const ended = sonde.shutdown({ within: '4s' });
    expect(await statusOf(sonde, '/readyz')).toBe(503);
    expect(await statusOf(sonde, '/healthz')).toBe(200);
    expect(await ended).toMatchObject({ lost: 0 });
    await expect(statusOf(sonde, '/readyz')).rejects.toThrow(/ECONNREFUSED/);
  });
});
