import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);
const PROGRAM = join(import.meta.dirname, 'fixtures', 'errors', 'look-up.mjs');
const CLI = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');

interface Told {
  readonly ids: readonly string[];
  readonly ledger?: Record<string, unknown>;
  readonly before?: Record<string, unknown>;
  readonly lost?: number;
}

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-look-up-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs the program; one that kills itself has told before. */
async function program(dir: string, way: string, release = ''): Promise<Told> {
  const env = { ...process.env, SONDE_DIR: dir, SONDE_RELEASE: release || '1.0.0' };
  const { stdout } = await run(process.execPath, [PROGRAM, way], { env }).catch((error: Answer) => error);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) as string) as Told;
}

async function sonde(dir: string, ...args: string[]): Promise<Answer> {
  try {
    return { code: 0, ...(await run(process.execPath, [CLI, ...args, '--dir', dir])) };
  } catch (error) {
    return error as Answer;
  }
}

async function groups(dir: string, ...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await sonde(dir, 'errors', '--group', '--json', ...args);
  expect([code, stderr]).toEqual([0, '']);
  return (JSON.parse(stdout) as { groups: Record<string, unknown>[] }).groups;
}

describe('records that are in a journal only', () => {
  it('are listed and grouped like any other, without a store', async () => {
    const dir = folder();
    const { ids } = await program(dir, 'kill -9 at once');
    expect(existsSync(join(dir, 'store'))).toBe(false);

    const listed = JSON.parse((await sonde(dir, 'errors', '--json')).stdout) as { errors: Record<string, string>[] };
    expect(listed.errors.map((error) => error['error.id']).toSorted()).toEqual(ids.toSorted());
    for (const error of listed.errors) {
      expect(error['exception.stacktrace']).toMatch(/look-up\.mjs/);
      expect(error['sonde.error.fingerprint']).toMatch(/^v1:/);
    }
    const found = await groups(dir);
    expect(found.map(({ type, count, lastErrorId, services }) => [type, count, lastErrorId, services])).toEqual(
      expect.arrayContaining([
        ['Error', 12, ids[11], ['look-up']],
        ['RangeError', 1, ids[12], ['look-up']],
      ]),
    );
    expect(await groups(dir, '--new', '--since', '1h')).toHaveLength(2);
    expect(await groups(dir, '--new', '--since', '2999-01-01')).toEqual([]);
    expect(await groups(dir, '--service', 'another')).toEqual([]);
    expect(await groups(dir, '--regressed')).toEqual([]);
    const [one] = await groups(dir, '--fingerprint', found[0]?.['fingerprint'] as string);
    expect(one).toEqual(found[0]);
    expect((await sonde(dir, 'errors', '--service', 'another')).stdout).toBe('no errors\n');
    expect((await sonde(dir, 'error', ids[11] as string)).stdout).toMatch(/12 times|12×/);
  });

  it('are counted with those in the store: first seen, releases, regressions', async () => {
    const dir = folder();
    await program(dir, 'a good end', '1.0.0');
    await program(dir, 'kill -9 at once', '3.0.0');
    const [group] = (await groups(dir)).filter(({ type }) => type === 'Error');
    expect(group).toMatchObject({
      count: 13,
      releases: [
        { release: '1.0.0', count: 1 },
        { release: '3.0.0', count: 12 },
      ],
    });
    expect((await groups(dir, '--new', '--release', '3.0.0')).map(({ type }) => type)).toEqual(['RangeError']);
  });

  it('say nothing where there is neither store nor journal', async () => {
    const { code, stderr } = await sonde(folder(), 'errors', '--group');
    expect(code).toBe(3);
    expect(stderr).toMatch(/does not exist/);
  });
});

it('a store that cannot be written loses no error record: the ledger says that they wait on disk, and the next start stores them', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'store'), 'a file in the way');
  const { ids, before, ledger, lost } = await program(dir, 'a store that cannot be written');
  expect(before).toMatchObject({ produced: 2, pending: 2 });
  expect(ledger).toMatchObject({ produced: 2, stored: 0, spooled: 2, pending: 0, dropped: { expired: 0, rejected: 0 } });
  expect(lost).toBe(0);
  rmSync(join(dir, 'store'));
  const next = await program(dir, 'a good end');
  expect(next.ledger).toMatchObject({ produced: 3, stored: 3, spooled: 0 });
  for (const id of ids) expect((await sonde(dir, 'error', id)).code).toBe(0);
});

it('the lines of a failed trace that were below the level are shown with its error, those of other traces are not', async () => {
  const dir = folder();
  const { ids } = await program(dir, 'a trace that fails');
  const { stdout } = await sonde(dir, 'error', ids[0] as string, '--json');
  const view = JSON.parse(stdout) as { error: Record<string, unknown>; logs: { level: string; message: string; logger: string; attributes: object }[] };
  expect(view.error).toMatchObject({ message: 'cannot load broken', 'request.id': 'r-1' });
  expect(view.logs.filter(({ message }) => message === 'a line below the level')).toMatchObject([
    { level: 'debug', logger: 'orders.db', attributes: { order: 'broken', retroactive: true } },
  ]);
  const text = (await sonde(dir, 'error', ids[0] as string)).stdout;
  expect(text).toMatch(/DEBUG +orders\.db +a line below the level/i);
  expect((await sonde(dir, 'logs', '--json')).stdout).not.toMatch(/"order":"fine"/);
});
