import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorRecord } from '../../src/core/records.ts';
import type { Lookup, StoredLog } from '../../src/store/lookup.ts';

const APP = join(import.meta.dirname, 'fixtures', 'register-app.mjs');
const ROOT = join(import.meta.dirname, '..', '..');

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-register-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], env: Record<string, string> = {}, onOutput?: (stdout: string) => void): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      timeout: 600_000,
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? '', SONDE_DIR: dir, SONDE_LOG_FORMAT: 'json', ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      onOutput?.(stdout);
    });
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const withRegister = (what: string, env?: Record<string, string>): Promise<Run> => run(['--import', 'sonde/register', APP, what], env);
const without = (what: string): Promise<Run> => run([APP, what]);

async function read<T>(look: (reader: Lookup) => Promise<T>): Promise<T> {
  const { openReader } = (await import('../../dist/store/query.js')) as { openReader(dir: string): Lookup };
  const reader = openReader(dir);
  try {
    return await look(reader);
  } finally {
    await reader.close();
  }
}

const errors = (): Promise<readonly ErrorRecord[]> => read(async (reader) => (await reader.errors({})).items);
const logs = (): Promise<readonly StoredLog[]> => read(async (reader) => (await reader.logs({})).items);

describe('node --import sonde/register', () => {
  it('stores what a program makes that ends by itself', async () => {
    const { code, stderr } = await withRegister('ok');
    expect([code, stderr]).toEqual([0, '']);
    const [line] = await logs();
    expect(line?.message).toBe('worked');
    const trace = await read((reader) => reader.trace(line?.traceId ?? ''));
    expect(trace?.spans.map((span) => span.name)).toEqual(['app.work']);
  });

  it('watches HTTP from the first request', async () => {
    const { stdout } = await withRegister('http');
    const [record] = await errors();
    expect(stdout).toContain(`ID ${record?.['error.id']}`);
    const trace = await read((reader) => reader.trace(String(record?.trace_id)));
    expect(trace?.spans.map((span) => span.kind).sort()).toEqual([1, 2]);
  });

  it.each([
    ['uncaught', 'uncaughtException', 'TypeError: nobody catches this'],
    ['rejected', 'unhandledRejection', 'RangeError: nobody awaits this'],
  ])('reports what ends the process (%s) and leaves exit code and message as they are', async (what, mechanism, message) => {
    const plain = await without(what);
    const watched = await withRegister(what);
    expect(watched.code).toBe(plain.code);
    expect(watched.code).toBe(1);
    expect(watched.stderr).toContain(message);
    expect(watched.stderr.split('\n')[0]).toBe(plain.stderr.split('\n')[0]);
    expect(await errors()).toMatchObject([
      { level: 'fatal', severity_number: 21, 'sonde.error.mechanism': mechanism, 'sonde.error.handled': false, 'service.name': 'sonde' },
    ]);
    expect((await logs()).map((line) => line.message)).toContain('worked');
  });

  it('leaves a program that catches its exceptions running', async () => {
    const { code, stdout } = await withRegister('caught');
    expect(code).toBe(0);
    expect(stdout).toContain('CAUGHT somebody catches this');
    expect(stdout).toContain('AFTER');
    expect((await errors()).length).toBe(1);
  });

  it('does not start again in the worker threads that inherit it', async () => {
    const { code, stdout } = await withRegister('worker');
    expect(code).toBe(0);
    expect(stdout).toContain('WORKER --import sonde/register');
  });

  it('gives way to a start of the program', async () => {
    const { code, stdout, stderr } = await withRegister('restart');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('SERVICE by-the-program');
    expect((await logs()).map((line) => line.resource['service.name'])).toEqual(['by-the-program']);
  });

  it('ends a program whose configuration is wrong, with a line for each problem', async () => {
    const { code, stderr } = await withRegister('ok', { SONDE_LOGLEVEL: 'info', SONDE_ADMIN_PORT: 'x' });
    expect(code).toBe(1);
    expect(stderr).toContain('Cannot start Sonde: 2 problems in its configuration');
    expect(stderr).toContain('  SONDE_LOGLEVEL is not known, did you mean SONDE_LOG_LEVEL?');
    expect(stderr).toContain('  SONDE_ADMIN_PORT is "x", expected a port from 0 to 65535');
  });

  it('is silent and harmless where it is disabled', async () => {
    const { code, stdout, stderr } = await withRegister('ok', { OTEL_SDK_DISABLED: 'true' });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('"message":"worked"');
  });

  it('can be required', async () => {
    const { code, stderr } = await run(['--require', 'sonde/register', APP, 'ok']);
    expect(code).toBe(0);
    expect(stderr.replace(/\(node:\d+\) ExperimentalWarning: (?:CommonJS module|Support for loading).*\n.*\n(?:Support.*\n)?/g, '')).toBe('');
    expect((await logs()).length).toBe(1);
  });

  it('gives way to a start of the program though its receiver does not answer, and loses nothing', async () => {
    let answers = false;
    let spans = 0;
    const receiver = createServer(async (request, response) => {
      const { resourceSpans = [] } = (await json(request)) as { resourceSpans?: { scopeSpans: { spans: unknown[] }[] }[] };
      if (!answers) return;
      for (const one of resourceSpans) for (const scope of one.scopeSpans) spans += scope.spans.length;
      response.setHeader('content-type', 'application/json').end('{}');
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
    const { code } = await run(['--import', 'sonde/register', APP, 'replaced'], { ...env, OTEL_EXPORTER_OTLP_COMPRESSION: 'none' }, (stdout) => {
      answers ||= stdout.includes('started');
    });
    receiver.closeAllConnections();
    receiver.close();
    expect([code, spans]).toEqual([0, 2]);
  });

  it('has packages that are links found where they really are, as pnpm lays them, though standard output is a pipe', async () => {
    const real = join(realpathSync(dir), 'real');
    const app = join(dir, 'app');
    for (const folder of [real, join(app, 'node_modules')]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(real, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
    writeFileSync(join(real, 'index.js'), 'export const here = import.meta.url;');
    symlinkSync(real, join(app, 'node_modules', 'linked'));
    writeFileSync(join(app, 'main.mjs'), "import { here } from 'linked'; import { writeSync } from 'node:fs'; writeSync(1, here);");
    const { stdout, stderr } = await run(['--import', 'sonde/register', join(app, 'main.mjs')]);
    expect([stdout, stderr]).toEqual([pathToFileURL(join(real, 'index.js')).href, '']);
  });
});
