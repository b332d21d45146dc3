import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock, useClock } from '../../../src/core/clock.ts';
import { useDiagWriter } from '../../../src/core/diag.ts';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { mintErrorId } from '../../../src/errors/error-id.ts';
import { signReport, verifyReport } from '../../../src/errors/webhook-signature.ts';
import type { Part, Sink } from '../../../src/pipeline/sinks/sink.ts';
import { tellBugs } from '../../../src/pipeline/sinks/webhook.ts';
import { decide } from '../../../src/pipeline/sinks/webhook-limit.ts';

const SECRET = 's3cret';
const HOUR = 3_600_000;
let dir: string;
let server: Server;
let url: string;
let status = 200;
let got: { headers: IncomingMessage['headers']; body: string }[] = [];
let said: string[] = [];
let offsetMs = 0;
let timers: { fn: () => void; atMs: number }[] = [];
let restores: (() => void)[] = [];
let sinks: Sink[] = [];

/** Real time, shifted; timers run when the test says so. */
const clock: Clock = {
  ...systemClock,
  now: () => systemClock.now() + offsetMs,
  setTimeout(fn, ms) {
    if (ms >= 5_000 || ms < 1_000) return systemClock.setTimeout(fn, ms);
    timers.push({ fn, atMs: ms });
    return timers.length;
  },
  clearTimeout: (handle) => (typeof handle === 'number' ? undefined : systemClock.clearTimeout(handle)),
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-webhook-'));
  [status, got, said, offsetMs, timers] = [200, [], [], 0, []];
  restores = [useClock(clock), useDiagWriter((line) => said.push(line))];
  server = createServer((req, res) => {
    let body = '';
    req
      .on('data', (chunk) => (body += chunk))
      .on('end', () => {
        got.push({ headers: req.headers, body });
        res.writeHead(status).end();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
afterEach(async () => {
  for (const sink of sinks.splice(0)) sink.close();
  for (const restore of restores) restore();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

function webhook(options: { url?: string; secret?: string; everyMs?: number } = {}): Sink {
  const inner: Sink = {
    spans: () => undefined,
    logs: () => undefined,
    errors: () => undefined,
    metrics: () => undefined,
    flush: async () => undefined,
    close: () => undefined,
  };
  const sink = tellBugs(inner, dir, { url, secret: SECRET, everyMs: HOUR, ...options });
  sinks.push(sink);
  return sink;
}

const bug = (over: Record<string, unknown> = {}): ErrorRecord =>
  ({
    timestamp: '2026-11-21T08:00:00.000Z',
    message: 'x is not a function\nsecond line',
    'error.id': mintErrorId(),
    'error.type': 'TypeError',
    'exception.stacktrace': 'TypeError: x',
    'sonde.error.kind': 'bug',
    'sonde.error.fingerprint': 'v1:0000000000000001',
    'service.name': 'shop',
    'service.version': '1.2.3',
    ...over,
  }) as unknown as ErrorRecord;

const PART = {} as Part;
const flush = (sink: Sink): Promise<void> => sink.flush(systemClock.mono() + 3_000, 'wait');
const waiting = (): string[] => readdirSync(join(dir, 'webhook')).filter((name) => /^\d{15}-/.test(name));

describe('the webhook', () => {
  it('tells a bug with what a tracker needs, signed', async () => {
    const sink = webhook();
    const record = bug();
    sink.errors([record], PART);
    await flush(sink);
    expect(got).toHaveLength(1);
    const { headers, body } = got[0] as (typeof got)[0];
    expect(JSON.parse(body)).toEqual({
      event: 'bug',
      title: 'TypeError: x is not a function',
      fingerprint: 'v1:0000000000000001',
      first: true,
      occurrences: 1,
      errorId: record['error.id'],
      timestamp: '2026-11-21T08:00:00.000Z',
      service: 'shop',
      release: '1.2.3',
      environment: null,
      owner: null,
      boundary: null,
      traceId: null,
      instance: `/debug/errors/${record['error.id']}`,
      record,
    });
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-sonde-event': 'bug', 'x-sonde-delivery': record['error.id'] });
    expect(verifyReport(body, headers['x-sonde-signature'] as string, SECRET)).toBe(true);
    expect(waiting()).toEqual([]);
  });

  it('tells nothing of known edge cases', async () => {
    const sink = webhook();
    sink.errors([bug({ 'sonde.error.kind': 'known' })], PART);
    await flush(sink);
    expect(got).toEqual([]);
  });

  it('tells a fingerprint once an hour and counts what came between, storms included', async () => {
    const sink = webhook();
    sink.errors([bug(), bug(), bug(), bug({ 'exception.stacktrace': undefined })], PART);
    sink.errors([bug({ 'sonde.error.fingerprint': 'v1:0000000000000002' })], PART);
    await flush(sink);
    expect(got.map(({ body }) => JSON.parse(body).fingerprint)).toEqual(['v1:0000000000000001', 'v1:0000000000000002']);
    offsetMs = HOUR;
    sink.errors([bug()], PART);
    await flush(sink);
    expect(JSON.parse(got[2]?.body ?? '{}')).toMatchObject({ first: false, occurrences: 4 });
  });

  it('tells a fingerprint once an hour for all processes on one folder', async () => {
    const [first, second] = [webhook(), webhook()];
    first.errors([bug()], PART);
    second.errors([bug(), bug(), bug({ 'sonde.error.fingerprint': 'v1:0000000000000002' })], PART);
    first.errors([bug(), bug({ 'sonde.error.fingerprint': 'v1:0000000000000002' })], PART);
    await flush(first);
    await flush(second);
    expect(got.map(({ body }) => JSON.parse(body).fingerprint).sort()).toEqual(['v1:0000000000000001', 'v1:0000000000000002']);
    offsetMs = HOUR;
    second.errors([bug()], PART);
    first.errors([bug()], PART);
    await flush(first);
    await flush(second);
    expect(got).toHaveLength(3);
    expect(JSON.parse(got[2]?.body ?? '{}')).toMatchObject({ first: false, occurrences: 3 }); // what this process saw
  });

  it('does not tell what another process tells at this very moment', async () => {
    const sink = webhook();
    const folder = join(dir, 'webhook');
    mkdirSync(folder, { recursive: true });
    const other = new Worker(
      `const { workerData: { folder, told } } = require('node:worker_threads');
       const fs = require('node:fs');
       fs.writeFileSync(folder + '/limits.lock', '');
       require('node:worker_threads').parentPort.postMessage('has the lock');
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
       fs.writeFileSync(folder + '/limits.json', told);
       fs.unlinkSync(folder + '/limits.lock');`,
      { eval: true, workerData: { folder, told: JSON.stringify([['v1:0000000000000001', { sentMs: systemClock.now(), since: 0 }]]) } },
    );
    await once(other, 'message');
    sink.errors([bug()], PART);
    await flush(sink);
    expect(got).toEqual([]);
    await once(other, 'exit');
  });

  it('tells though a process died that told something', async () => {
    const sink = webhook();
    mkdirSync(join(dir, 'webhook'), { recursive: true });
    const lock = join(dir, 'webhook', 'limits.lock');
    writeFileSync(lock, '');
    utimesSync(lock, 1, 1);
    sink.errors([bug()], PART);
    await flush(sink);
    expect(got).toHaveLength(1);
    expect(existsSync(lock)).toBe(false);
  });

  it('tells one failure once, also when its wrapper is recorded under the same ID', async () => {
    const sink = webhook();
    const inner = bug();
    sink.errors([inner, bug({ 'error.id': inner['error.id'], 'sonde.error.amends': true, 'sonde.error.fingerprint': 'v1:0000000000000009' })], PART);
    await flush(sink);
    expect(got).toHaveLength(1);
  });

  it('keeps a report on disk while nobody takes it, says so once, and tells it later', async () => {
    status = 503;
    const sink = webhook();
    sink.errors([bug()], PART);
    await flush(sink);
    expect(waiting()).toHaveLength(1);
    expect(said.join('')).toMatch(/cannot tell bugs to 127\.0\.0\.1:\d+: status 503; reports wait in /);
    status = 200;
    await expect.poll(() => timers.splice(0).map(({ fn }) => fn()).length).toBeGreaterThan(0);
    await expect.poll(waiting).toEqual([]);
    expect(said.filter((line) => line.includes('takes bug reports again'))).toHaveLength(1);
  });

  it('tells after a restart what was not told before, and remembers what was', async () => {
    const first = webhook({ url: 'http://127.0.0.1:9/closed' });
    first.errors([bug()], PART);
    await flush(first);
    first.close();
    sinks = [];
    const name = waiting()[0] as string;
    // The files of a living process are its own: this one's is given to a process that is gone.
    const { renameSync } = await import('node:fs');
    renameSync(join(dir, 'webhook', name), join(dir, 'webhook', name.replace(`-${process.pid}-`, '-4194000-')));
    const second = webhook();
    second.errors([bug()], PART);
    await flush(second);
    expect(got).toHaveLength(1);
    expect(waiting()).toEqual([]);
  });

  it('gives reports up that are refused for good, and says once what to check', async () => {
    const sink = webhook();
    for (const code of [400, 401, 404, 410]) {
      status = code;
      sink.errors([bug({ 'sonde.error.fingerprint': `v1:${code}` })], PART);
      await flush(sink);
    }
    expect(got).toHaveLength(4);
    expect(waiting()).toEqual([]);
    expect(said.filter((line) => line.includes('refuses bug reports with status 400: check report.url and report.secret'))).toHaveLength(1);
  });

  it('keeps a bounded number of reports', async () => {
    const sink = webhook({ url: 'http://127.0.0.1:9/closed' });
    sink.errors(
      Array.from({ length: 520 }, (_, i) => bug({ 'sonde.error.fingerprint': `v1:${i}` })),
      PART,
    );
    await flush(sink);
    expect(waiting().length).toBe(500);
    expect(said.join('')).toMatch(/more than 500 bug reports wait/);
  });
});

describe('decide', () => {
  it.each([
    ['the first time', undefined, 1_000, { next: { sentMs: 1_000, since: 0 }, deliver: { occurrences: 1, isFirst: true } }],
    ['within the time', { sentMs: 1_000, since: 4 }, 1_999, { next: { sentMs: 1_000, since: 5 }, deliver: undefined }],
    ['after the time', { sentMs: 1_000, since: 4 }, 2_000, { next: { sentMs: 2_000, since: 0 }, deliver: { occurrences: 5, isFirst: false } }],
    ['with a clock that was set back', { sentMs: 9_000, since: 1 }, 1_000, { next: { sentMs: 1_000, since: 0 }, deliver: { occurrences: 2, isFirst: false } }],
  ])('%s', (_what, known, nowMs, decision) => {
    expect(decide(known, 1_000, nowMs)).toEqual(decision);
  });
});

describe('the signature', () => {
  const body = '{"event":"bug"}';
  const header = signReport(body, SECRET, 1_000_000);
  it.each([
    ['is good', body, header, SECRET, 1_000_000, true],
    ['is good five minutes later', body, header, SECRET, 1_300_000, true],
    ['is stale', body, header, SECRET, 1_301_000, false],
    ['is from the future', body, header, SECRET, 600_000, false],
    ['is of another body', `${body} `, header, SECRET, 1_000_000, false],
    ['is of another secret', body, header, 'other', 1_000_000, false],
    ['has another time', body, header.replace('t=1000', 't=1001'), SECRET, 1_000_000, false],
    ['is missing', body, undefined, SECRET, 1_000_000, false],
    ['is nonsense', body, 'v1=zz', SECRET, 1_000_000, false],
    ['is huge', body, 'x'.repeat(1_000_000), SECRET, 1_000_000, false],
  ])('%s', (_what, text, signature, secret, nowMs, good) => {
    expect(verifyReport(text, signature, secret, nowMs)).toBe(good);
  });
});
