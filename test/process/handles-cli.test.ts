import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

const dist = join(import.meta.dirname, '..', '..', 'dist');

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-handles-cli-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function stuck(dir: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures', 'handles', 'stuck.mjs'), dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  for await (const chunk of child.stdout ?? []) {
    out += String(chunk);
    if (out.includes('ready')) break;
  }
  return child;
}

function sonde(dir: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SONDE_')));
  return new Promise((resolve) => {
    execFile(process.execPath, [join(dist, 'cli', 'main.js'), 'handles', ...args, '--dir', dir], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe('sonde handles', () => {
  it('finds the only process by its store, or the named one, and shows what holds it with line and call', async () => {
    const dir = folder();
    const child = await stuck(dir);
    for (const args of [[], ['--pid', String(child.pid)]]) {
      const { code, stdout } = await sonde(dir, ...args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/1 +interval +60000ms .*yes .*clearInterval\(timer\) .*stuck\.mjs:7:1/);
      expect(stdout).toMatch(/1 +server +127\.0\.0\.1:\d+ .*yes .*server\.close\(\) .*stuck\.mjs:6:16/);
    }
    const { handles } = JSON.parse((await sonde(dir, '--json')).stdout) as { handles: { kind: string; holdsProcess: boolean }[] };
    expect(handles.filter(({ holdsProcess }) => holdsProcess).map(({ kind }) => kind)).toEqual(['server', 'interval']);
  });

  it('asks which one where two run, and says that one is gone', async () => {
    const dir = folder();
    const [first, second] = [await stuck(dir), await stuck(dir)];
    const both = await sonde(dir);
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('--pid')]);
    expect((await sonde(dir, '--pid', String(second.pid))).code).toBe(0);
    const gone = once(first, 'exit');
    first.kill('SIGKILL');
    await gone;
    expect((await sonde(dir, '--pid', String(first.pid))).code).toBe(3);
    expect((await sonde(dir)).stdout).toContain('stuck.mjs');
  });
});
