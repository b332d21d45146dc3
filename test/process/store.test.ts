import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Lookup } from '../../src/store/lookup.ts';

const run = promisify(execFile);
const dist = join(import.meta.dirname, '..', '..', 'dist');
const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', 'store', name);
const { openReader } = (await import(join(dist, 'store', 'query.js'))) as { openReader(dir: string): Lookup };

/** A namespace of its own, in which a file system can be mounted without leaving a trace; needs Linux and user namespaces, or root. */
const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-process-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function count(lookup: Lookup): Promise<number> {
  let sum = 0;
  let after: string | undefined;
  do {
    const page = await lookup.logs({ limit: 1_000, after });
    sum += page.items.length;
    after = page.next;
  } while (after);
  return sum;
}

describe('the store', () => {
  it('takes the writes of two processes at once, none lost', async () => {
    const dir = folder();
    const outputs = await Promise.all(['one', 'two', 'three'].map((name) => run(process.execPath, [fixture('write-logs.mjs'), dir, '20', name])));
    expect(outputs.map(({ stderr }) => stderr)).toEqual(['', '', '']);
    const ids = outputs.flatMap(({ stdout }) => stdout.trim().split('\n'));
    const reader = openReader(dir);
    expect(await count(reader)).toBe(3_000);
    expect((await reader.groups({})).items.map((group) => group.count)).toEqual([600]);
    for (const id of ids) expect((await reader.error(id))?.['error.id']).toBe(id);
    await reader.close();
  });

  it('keeps what a process stored before it was killed, and the next one goes on', async () => {
    const dir = folder();
    const ids: string[] = [];
    for (let round = 0; round < 3; round++)
      ids.push(...(await killedAfter(spawn(process.execPath, [fixture('write-logs.mjs'), dir, '100000']), 200 * (round + 1))));
    const reader = openReader(dir);
    expect(ids.length).toBeGreaterThan(600);
    for (const id of ids) expect((await reader.error(id))?.['error.id']).toBe(id);
    expect(reader.problems()).toEqual([]);
    await reader.close();
  });

  it('answers a full disk with one failure a batch and one line, and recovers', async () => {
    const dir = folder();
    const [file, args] = canMount
      ? ['unshare', ['-rm', process.execPath, fixture('full-disk.mjs'), dir, 'mount']]
      : ['sh', ['-c', 'ulimit -f 2000; exec "$@"', 'sh', process.execPath, fixture('full-disk.mjs'), dir]]; // blocks of 512 bytes
    const { stdout, stderr } = await run(file as string, args as string[]);
    const { stored, readable, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ code: 'full', rest: 100, again: 'full', ...(canMount ? { recovered: 100 } : {}) });
    expect(stored).toBeGreaterThan(0);
    expect(readable).toBe(stored);
    const said = stderr.trim().split('\n');
    expect(said[0]).toContain('the disk is full; free some space or lower the retention');
    expect(said).toHaveLength(canMount ? 2 : 1);
  });

  it.each(['closed', 'killed'])('reads in a folder that is read-only, and writes again when it can (%s before)', async (end) => {
    const dir = folder();
    if (end === 'closed') await run(process.execPath, [fixture('write-logs.mjs'), dir, '1']);
    else await killedAfter(spawn(process.execPath, [fixture('write-logs.mjs'), dir, '100000']), 20);
    const reader = openReader(dir);
    const before = Math.min(50, await count(reader));
    await reader.close();
    const target = folder();
    if (canMount) {
      const { stdout, stderr } = await run('unshare', ['-rm', process.execPath, fixture('read-only.mjs'), target, dir]);
      expect(JSON.parse(stdout)).toEqual({ code: 'read_only', readable: before, recovered: 1 });
      expect(stderr.trim().split('\n')).toHaveLength(2);
    } else {
      expect(before).toBe(50); // without a file system of its own, at least the first part holds
    }
  });
});

/** Kills a writer when it has said `lines` lines; returns those that were whole. */
async function killedAfter(child: ChildProcess, lines: number): Promise<string[]> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').length > lines) child.kill('SIGKILL');
  });
  await new Promise((done) => child.on('close', done));
  return text.split('\n').slice(0, -1);
}

describe('the sonde command', () => {
  const cli = (args: string[], env: NodeJS.ProcessEnv = {}) =>
    run(process.execPath, [join(dist, 'cli', 'main.js'), ...args], { env: { ...process.env, ...env } });

  it('prints nothing but its answer, on every Node', async () => {
    const dir = folder();
    await run(process.execPath, [fixture('write-logs.mjs'), dir, '1']);
    const { stdout, stderr } = await cli(['errors', '--json'], { SONDE_DIR: dir });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout).errors).toHaveLength(10);
    const [first] = JSON.parse(stdout).errors as Record<string, string>[];
    expect((await cli(['error', first?.['error.id'] as string, '--dir', dir])).stdout).toContain(first?.['error.id']);
  });

  it('ends with its exit codes and one line', async () => {
    const dir = folder();
    mkdirSync(join(dir, 'store'));
    const ended = async (...args: string[]) => {
      const failure = await cli([...args, '--dir', dir]).catch((error) => error);
      return [failure.code ?? 0, String(failure.stderr).split('\n').length - 1];
    };
    expect(await ended('errors')).toEqual([0, 0]);
    expect(await ended('trace', 'a'.repeat(32))).toEqual([1, 1]);
    expect(await ended('error', 'nonsense')).toEqual([2, 1]);
    rmSync(join(dir, 'store'), { recursive: true });
    expect(await ended('errors')).toEqual([3, 1]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('ends well when its reader has seen enough', async () => {
    const dir = folder();
    await run(process.execPath, [fixture('write-logs.mjs'), dir, '20']);
    const { stdout, stderr } = await run('sh', [
      '-c',
      `{ "${process.execPath}" "${join(dist, 'cli', 'main.js')}" logs --limit 1000 --dir "${dir}"; echo "exit $?" >&2; } | head -n 1`,
    ]);
    expect({ lines: stdout.split('\n').length, stderr }).toEqual({ lines: 2, stderr: 'exit 0\n' });
  });
});
