import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);
const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-cli-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs the command; the environment of the test run must not decide where it looks. */
async function sonde(dir: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SONDE_') && !name.startsWith('OTEL_')));
  try {
    const { stdout, stderr } = await run(process.execPath, [main, ...args, '--dir', dir], { env });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

async function service(dir: string): Promise<{ child: ChildProcess; id: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures', 'cli', 'service.mjs'), dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  const id = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)));
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      const match = /\nID (\S+)\n/.exec(text);
      if (match?.[1]) resolve(match[1]);
    });
  });
  return { child, id };
}

describe('sonde codes', () => {
  it('ends though the modules hold the process open, and its answer is all that is on standard output', async () => {
    const dir = folder();
    const index = join(import.meta.dirname, '..', '..', 'dist', 'public', 'index.js');
    writeFileSync(
      join(dir, 'app.mjs'),
      `import { defineError } from ${JSON.stringify(index)};\ndefineError('app/gone', { status: 410, public: 'It is <gone>.' });\nconsole.log('listening');\nsetInterval(() => console.log('tick'), 1);\nprocess.on('exit', () => console.log('bye'));\n`,
    );
    const { code, stdout, stderr } = await sonde(dir, 'codes', join(dir, 'app.mjs'), '--json');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^listening\n(?:tick\n)*bye\n$/)]);
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ code: 'app/gone', status: 410 }));
    expect((await sonde(dir, 'codes', join(dir, 'app.mjs'), '--markdown')).stdout).toContain('| `app/gone` | 410 | known | It is &lt;gone>. |');
  });
});

describe('the sonde command and a running process', () => {
  it('finds it by the store, and looks into it and changes it', async () => {
    const dir = folder();
    const { child, id } = await service(dir);
    const pid = String(child.pid);
    expect(readdirSync(join(dir, 'run'))).toEqual([`${pid}.sock`]);

    const ledger = JSON.parse((await sonde(dir, 'ledger', '--json')).stdout);
    const { produced, stored, sent, spooled, pending, dropped } = ledger.span;
    expect(produced).toBeGreaterThan(0);
    expect(stored + sent + spooled + pending + Object.values<number>(dropped).reduce((sum, n) => sum + n, 0)).toBe(produced);

    expect((await sonde(dir, 'handles', '--pid', pid)).stdout).toMatch(/interval +50ms .*clearInterval.*service\.mjs:\d+/);
    expect((await sonde(dir, 'level', 'orders', 'debug', '--for', '10m')).stdout).toMatch(/^orders {2}debug {2}until \S+Z, then info\n$/);
    expect((await sonde(dir, 'level', 'orders')).stdout).toMatch(/^orders {2}debug/);
    expect((await sonde(dir, 'level', 'orders', '--reset')).stdout).toBe('orders  info\n');
    expect((await sonde(dir, 'level', 'orders', 'loud')).code).toBe(2);
    expect((await sonde(dir, 'level', 'orders', 'trace', '--user', 'u-1', '--for', '1m')).stdout).toBe('orders  trace  where user=u-1  for 1m\n');
    expect((await sonde(dir, 'level')).stdout).toMatch(/^orders +info/m);

    const top = JSON.parse((await sonde(dir, 'top', '--seconds', '1', '--json')).stdout);
    expect(top).toMatchObject({ service: 'shop', pid: child.pid, bottleneck: { resource: expect.any(String) } });
    expect(top.functions.map(({ name }: { name: string }) => name).sort()).toEqual(['orders.place', 'payments.charge']);

    const { code, stdout } = await sonde(dir, 'error', id.toLowerCase().replaceAll('-', ''));
    expect(code).toBe(0);
    for (const part of ['TypeError: Cannot charge', 'Caused by: Error: socket hang up', 'shop 1.4.0', '← this error', 'order received'])
      expect(stdout).toContain(part);
  });

  it('finds what it reported after kill -9, and says that it is gone', async () => {
    const dir = folder();
    const { child, id } = await service(dir);
    child.removeAllListeners('exit');
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
    expect(JSON.parse((await sonde(dir, 'error', id, '--json')).stdout).error['error.id']).toBe(id);
    const { code, stderr } = await sonde(dir, 'ledger', '--pid', String(child.pid));
    expect(code).toBe(3);
    expect(stderr).toMatch(/^sonde: Cannot reach the process: nothing answers on ".*\.sock"; the process has ended[^\n]*\n$/);
  });
});

describe('sonde serve', () => {
  it.each(['http/protobuf', 'http/json'])('takes what another program sends over %s, and finds it by its error ID', async (protocol) => {
    const [dir, theirs] = [folder(), folder()];
    const child = spawn(process.execPath, [main, 'serve', '--port', '0', '--json', '--dir', dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const { url } = JSON.parse(await new Promise<string>((resolve) => child.stdout?.once('data', (chunk) => resolve(String(chunk)))));
    const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'fixtures', 'cli', 'sends-otlp.mjs'), theirs], { env });
    const id = /ID (\S+)/.exec(stdout)?.[1] as string;
    const found = JSON.parse((await sonde(dir, 'error', id, '--json')).stdout);
    expect(found.error).toMatchObject({ 'error.id': id, message: 'Cannot charge', 'service.name': 'remote-shop' });
    expect(found.error['exception.stacktrace']).toContain('TypeError: Cannot charge\n    at ');
    expect(found.trace.spans.map(({ name }: { name: string }) => name)).toEqual(['orders.place']);
    expect(found.logs.map(({ message }: { message: string }) => message)).toEqual(['order received']);
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
