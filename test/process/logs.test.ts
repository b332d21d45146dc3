import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: string[];
  readonly said: string[];
}

/** Runs a program. `read` begins to read its standard output; until then the pipe fills. */
async function run(name: string, args: readonly string[], when: (said: () => string, read: () => void, close: () => void) => Promise<void>): Promise<Ended> {
  const child = spawn(process.execPath, [fixture(name), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  let reading = false;
  child.stderr.on('data', (chunk) => (err += chunk));
  child.stdout.pause();
  const exit = new Promise<[number | null, string | null]>((resolve) => child.on('exit', (code, signal) => resolve([code, signal])));
  const saidAll = new Promise((resolve) => child.stderr.on('end', resolve));
  const readAll = new Promise((resolve) => child.stdout.on('close', resolve));
  const read = (): void => {
    reading = true;
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stdout.resume();
  };
  await when(
    () => err,
    read,
    () => child.stdout.destroy(),
  );
  const [code, signal] = await exit;
  await saidAll;
  if (reading) await readAll; // standard output that nobody reads never closes
  child.stdout.destroy();
  return { code, signal, lines: out.split('\n').slice(0, -1), said: err.split('\n').slice(0, -1) };
}

const atOnce = async (_said: () => string, read: () => void): Promise<void> => read();

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const numbers = (lines: readonly string[]): number[] => lines.map((line) => (JSON.parse(line) as { i: number }).i);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('log lines of a process', () => {
  it.each([
    ['by itself', 'end', 0, null],
    ['by process.exit', 'exit', 3, null],
    ['by an uncaught exception', 'throw', 1, null],
    ['by an unhandled rejection', 'reject', 1, null],
  ])('are all delivered when it ends %s, though the reader was slow', async (_how, end, code, signal) => {
    // 2,000 lines are 900 kB: far more than a pipe holds. The program is through with them before anybody reads.
    const ended = await run('logs-burst', ['2000', end], async (said, read) => {
      await until(() => said().includes('pending'));
      read();
    });
    expect([ended.code, ended.signal]).toEqual([code, signal]);
    expect(numbers(ended.lines)).toEqual(upTo(2_000));
    if (end === 'throw') expect(ended.said.join('\n')).toContain('Error: uncaught on purpose');
    if (end === 'reject') expect(ended.said.join('\n')).toContain('Error: unhandled on purpose');
  });

  it('are all delivered when a signal ends it, though the reader was slow', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sonde-signal-'));
    const ended = await run('logs-signalled', ['2000', dir], async (said, read) => {
      await until(() => said().includes('pending'));
      read();
    });
    rmSync(dir, { recursive: true });
    expect([ended.code, ended.signal]).toEqual([null, 'SIGTERM']);
    expect(numbers(ended.lines)).toEqual(upTo(2_000));
  });

  it('are out before a kill -9 when the reader keeps up', async () => {
    const ended = await run('logs-burst', ['50', 'kill'], atOnce);
    expect([ended.code, ended.signal]).toEqual([null, 'SIGKILL']);
    expect(numbers(ended.lines)).toEqual(upTo(50));
  });

  it('neither block nor break it when nobody reads: what is over the bound is dropped and counted', async () => {
    const ended = await run('logs-burst', ['20000', 'end'], async () => {});
    expect(ended.code).toBe(0);
    const counts = JSON.parse(ended.said.find((line) => line.startsWith('{')) as string) as { written: number; dropped: number; pending: number };
    expect(counts.written + counts.dropped + counts.pending).toBe(20_000);
    expect(counts.dropped).toBeGreaterThan(5_000);
    expect(ended.said.filter((line) => line.startsWith('sonde: '))).toEqual([expect.stringContaining('standard output is read too slowly')]);
  });

  it('do not break it when the reader goes away', async () => {
    const ended = await run('logs-burst', ['2000', 'wait'], async (said, _read, close) => {
      await until(() => said().includes('pending'));
      close();
    });
    expect(ended.code).toBe(0);
    const after = JSON.parse(ended.said.filter((line) => line.startsWith('{')).at(-1) as string) as { written: number; dropped: number; pending: number };
    expect(after.pending).toBe(0);
    expect(after.written + after.dropped).toBe(2_000);
    expect(ended.said.filter((line) => line.startsWith('sonde: '))).toEqual([expect.stringContaining('standard output is closed (EPIPE)')]);
  });
});

describe('log lines after the end of telemetry', () => {
  it('still reach standard output, all of them, and leave nothing behind', async () => {
    const ended = await run('logs-after', ['2000'], atOnce);
    expect([ended.code, ended.signal]).toEqual([0, null]);
    expect(numbers(ended.lines)).toEqual([...upTo(2_000), 2_000]);
    expect(ended.said).toEqual(['{"listeners":0,"descriptors":0}']);
  });
});

describe('what is not used', () => {
  it('is not loaded: pino comes with the first line, prom-client with the first scrape', async () => {
    const ended = await run('logs-idle', [], atOnce);
    expect(ended.code).toBe(0);
    expect(ended.lines).toEqual(['{"idle":[false,false],"used":[true,true]}']);
    expect(ended.said).toEqual([]);
  });
});
