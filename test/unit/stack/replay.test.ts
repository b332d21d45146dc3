import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { openWriter } from '../../../src/store/writer.ts';
import { cli } from '../cli/run-cli.ts';
import { errorRecord, RESOURCE, testFolder } from '../store/records.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

it('errors of one process go together, however its memory was when each occurred', async () => {
  const dir = testFolder();
  const store = openWriter(dir, { resource: RESOURCE, maxAgeMs: 1e12 });
  const now = Date.now();
  store.writeErrors([1, 2, 3].map((n) => errorRecord({ timeMs: now - n * 1_000, 'process.pid': 7, 'process.uptime': n, 'process.memory.rss': n * 1_000 })));
  store.close();
  const bodies: { resourceLogs: { resource: { attributes: { key: string }[] }; scopeLogs: { logRecords: { attributes: { key: string }[] }[] }[] }[] }[] = [];
  const running = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      bodies.push(JSON.parse(String(gunzipSync(Buffer.concat(chunks)))) as (typeof bodies)[number]);
      res.end('{}');
    });
  });
  server = running;
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
  const to = `http://127.0.0.1:${(running.address() as AddressInfo).port}`;

  expect(await cli(['stack', 'replay', '--to', to, '--dir', dir])).toEqual({ exit: 0, out: `0 spans, 0 log lines and 3 errors sent to ${to}\n`, err: '' });
  expect(bodies).toHaveLength(1);
  const [sent] = bodies[0]?.resourceLogs ?? [];
  const records = sent?.scopeLogs.flatMap((scope) => scope.logRecords) ?? [];
  expect(records).toHaveLength(3);
  expect(sent?.resource.attributes.map(({ key }) => key)).toContain('process.pid');
  expect(sent?.resource.attributes.map(({ key }) => key)).not.toContain('process.uptime');
  for (const { attributes } of records) expect(attributes.map(({ key }) => key)).toEqual(expect.arrayContaining(['process.uptime', 'process.memory.rss']));
});

it('the password of an address is not shown', async () => {
  const dir = testFolder();
  const store = openWriter(dir, { resource: RESOURCE, maxAgeMs: 1e12 });
  store.writeErrors([errorRecord({ timeMs: Date.now() })]);
  store.close();
  const statuses = [200, 400];
  const running = createServer((_req, res) => res.writeHead(statuses.shift() ?? 500).end('{}'));
  server = running;
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
  const place = `127.0.0.1:${(running.address() as AddressInfo).port}`;
  const send = (to: string) => cli(['stack', 'replay', '--to', to, '--dir', dir]);

  expect((await send(`http://app:hunter2@${place}`)).out).toContain(`1 errors sent to http://[redacted]@${place}\n`);
  expect((await send(`http://app:hunter2@${place}`)).err).toContain(`Cannot send to http://[redacted]@${place}/v1/logs: it answered 400`);
  expect((await send(`app:hunter2@${place}`)).err).toMatch(/^sonde: Cannot send to --to: expected/);
});

it('the headers that the environment sets go to its receiver, and to no other server', async () => {
  const dir = testFolder();
  const store = openWriter(dir, { resource: RESOURCE, maxAgeMs: 1e12 });
  store.writeErrors([errorRecord({ timeMs: Date.now() })]);
  store.close();
  const seen: { url: string | undefined; token: string | undefined }[] = [];
  const running = createServer((req, res) => {
    seen.push({ url: req.url, token: req.headers['x-token'] as string | undefined });
    req.resume().on('end', () => res.end('{}'));
  });
  server = running;
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(running.address() as AddressInfo).port}`;
  const send = (env: Record<string, string>, ...to: string[]) => cli(['stack', 'replay', ...to, '--dir', dir], { env });

  const token = { OTEL_EXPORTER_OTLP_HEADERS: 'x-token=all' };
  expect((await send({ ...token, OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/base` })).out).toBe(`0 spans, 0 log lines and 1 errors sent to ${url}/base\n`);
  await send({ ...token, OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'x-token=logs' });
  await send(token, '--to', url);
  await send({ ...token, OTEL_EXPORTER_OTLP_ENDPOINT: url }, '--to', `${url}/other`);
  await send({ ...token, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example' }, '--to', url);
  expect(seen).toEqual([
    { url: '/base/v1/logs', token: 'all' },
    { url: '/v1/logs', token: 'logs' },
    { url: '/v1/logs', token: 'all' },
    { url: '/other/v1/logs', token: 'all' },
    { url: '/v1/logs', token: undefined },
  ]);
  const wrong = await send({ OTEL_EXPORTER_OTLP_ENDPOINT: 'app:hunter2@x' });
  expect(wrong.exit).toBe(2);
  expect(wrong.err).not.toContain('hunter2');
});
