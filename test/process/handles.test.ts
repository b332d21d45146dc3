import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const dir = mkdtempSync(join(tmpdir(), 'sonde-handles-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Program {
  readonly child: ChildProcess;
  readonly said: () => { readonly out: string; readonly err: string };
  until(found: (said: { out: string; err: string }) => boolean): Promise<void>;
}

function start(args: readonly string[], env: Record<string, string> = {}, stdin: 'ignore' | 'pipe' = 'ignore'): Program {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, SONDE_DIR: join(dir, 'register'), ...env },
    stdio: [stdin as 'ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (said.out += String(chunk)));
  child.stderr.on('data', (chunk) => (said.err += String(chunk)));
  return {
    child,
    said: () => said,
    until: (found) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!found(said)) return;
          for (const stream of [child.stdout, child.stderr]) stream.off('data', look);
          resolve();
        };
        for (const stream of [child.stdout, child.stderr]) stream.on('data', look);
        child.once('exit', () => reject(new Error(`The program ended: ${said.out}${said.err}`)));
        look();
      }),
  };
}
const fixture = (name: string): string => join('test', 'process', 'fixtures', 'handles', name);

describe('a process that does not end', () => {
  it('says with SONDE_EXPLAIN_EXIT=1 what holds it, the line that opened it and the call that closes it', async () => {
    const program = start([fixture('stuck.mjs'), join(dir, 'explain')], { SONDE_EXPLAIN_EXIT: '1' });
    await program.until(({ err }) => err.includes('close it with clearInterval'));
    expect(program.said().err).toMatch(
      /sonde: nothing was done for 2 s, and 2 handles hold the process \(it listens, [^)]*\):\n {2}server 127\.0\.0\.1:\d+, opened at test\/process\/fixtures\/handles\/stuck\.mjs:6:16/,
    );
    expect(program.said().err).toMatch(
      / {2}interval 60000ms, opened at test\/process\/fixtures\/handles\/stuck\.mjs:7:1, .*\n {4}close it with clearInterval\(timer\)/,
    );
  });

  it('is not explained again for each connection while it listens, but again when its server is closed and it still does not end', async () => {
    const program = start([fixture('closes.mjs'), join(dir, 'closes')], { SONDE_EXPLAIN_EXIT: '1' });
    await program.until(({ err }) => err.includes('1 handle holds the process:'));
    const said = program.said().err.match(/nothing was done for 2 s, and .* the process( \(it listens)?/g);
    expect(said).toEqual(['nothing was done for 2 s, and 1 handle holds the process (it listens', 'nothing was done for 2 s, and 1 handle holds the process']);
    expect(program.said().err).toContain('interval 60000ms');
  });

  it('is explained once where it only polls, with the line of a short timer', async () => {
    const program = start([fixture('polls.mjs'), join(dir, 'polls'), 'poll'], { SONDE_EXPLAIN_EXIT: '1' });
    await program.until(({ err }) => err.includes('timeout 300ms, opened at'));
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // five more timers
    const { err } = program.said();
    expect(err).toMatch(/timeout 300ms, opened at \S*polls\.mjs:11:3/);
    expect(err.match(/nothing was done/g)).toHaveLength(1);
  });

  it('is explained where an iterated interval holds it', async () => {
    const program = start([fixture('polls.mjs'), join(dir, 'iterates'), 'iterate'], { SONDE_EXPLAIN_EXIT: '1' });
    await program.until(({ err }) => err.includes('iterator.return()'));
    expect(program.said().err).toMatch(/iterator setInterval\(600000ms\), opened at \S*polls\.mjs:14:\d+/);
  });

  it('is explained where a timer holds it that was set before Sonde was loaded', async () => {
    const program = start([fixture('polls.mjs'), join(dir, 'early'), 'early'], { SONDE_EXPLAIN_EXIT: '1' });
    await program.until(({ err }) => err.includes('sonde/register'));
    expect(program.said().err).toMatch(/and 1 handle holds the process:\n {2}timers without a line: 1; set before Sonde was loaded /);
  });

  it('is not called idle while it waits for one answer after the other, however little work each is', async () => {
    const program = start([fixture('polls.mjs'), dir, 'reads'], { SONDE_EXPLAIN_EXIT: '1' });
    await new Promise((resolve) => setTimeout(resolve, 5_000)); // the explanation of the others comes after 2 to 2.5
    expect(program.child.exitCode).toBeNull();
    expect(program.said().err).toBe('');
  });

  it('says nothing of the kind without it', async () => {
    const program = start([fixture('stuck.mjs'), join(dir, 'silent')]);
    await program.until(({ out }) => out.includes('ready'));
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(program.said().err).toBe('');
  });

  it('names what is open in the report of shutdown()', async () => {
    const program = start([fixture('stuck.mjs'), join(dir, 'shutdown')]);
    await program.until(({ out }) => out.includes('ready'));
    program.child.kill('SIGUSR2');
    await once(program.child, 'exit');
    const open = JSON.parse(program.said().out.split('\n')[1] ?? '') as { type: string; site: string; close: string }[];
    expect(open.map(({ type, close }) => [type, close])).toEqual(
      expect.arrayContaining([
        ['server', 'server.close()'],
        ['interval', 'clearInterval(timer)'],
      ]),
    );
    expect(open[0]?.site).toContain('stuck.mjs');
  });

  it('is explained by sonde/register too, without a change to the program', async () => {
    const program = start(['--import', 'sonde/register', '--input-type=module', '-e', "setInterval(() => {}, 60_000); process.stdout.write('ready\\n')"], {
      SONDE_EXPLAIN_EXIT: '1',
    });
    await program.until(({ err }) => err.includes('interval 60000ms'));
    expect(program.said().err).toContain('1 handle holds the process');
  });
});

describe('an outgoing request of node:http', () => {
  it('has its socket listed with the line that made it, in use and idle', async () => {
    const program = start([fixture('agent.mjs'), join(dir, 'agent')]);
    await once(program.child, 'close');
    expect(JSON.parse(program.said().out)).toEqual([
      ['agent.mjs:15:31', 'open'],
      ['agent.mjs:15:31', 'idle'],
    ]);
  });
});

describe('standard input', () => {
  it('holds the process while it is read, and no longer', async () => {
    const program = start([fixture('stdin.mjs'), join(dir, 'stdin')], {}, 'pipe');
    await once(program.child, 'close');
    expect(JSON.parse(program.said().out)).toEqual([[[true, 'process.stdin.pause()']], [[false, 'process.stdin.pause()']]]);
  });
});

describe('a process that ends', () => {
  it('is not held by the registry, and ends without a word while it works', async () => {
    const program = start(['--import', 'sonde/register', fixture('ends.mjs')]);
    const [code] = (await once(program.child, 'exit')) as [number];
    expect([code, program.said().err]).toEqual([0, '']);
  });
});

describe('the heap that is left after full collections', () => {
  interface Result {
    readonly suspected: readonly { type: string; summary: string; errorId: string }[];
    readonly metric: readonly string[];
  }
  async function live(life: 'leaks' | 'churns'): Promise<{ result: Result; records: Record<string, unknown>[]; code: number | null; err: string }> {
    const program = start(['--expose-gc', '--max-old-space-size=384', fixture('heap.mjs'), join(dir, `heap-${life}`), life]);
    const [code] = (await once(program.child, 'close')) as [number | null];
    const lines = program.said().out.split('\n');
    const records = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
    return { result: JSON.parse(lines.find((line) => line.startsWith('RESULT '))?.slice(7) ?? '{}') as Result, records, code, err: program.said().err };
  }

  it('is one record with an error ID, a metric and an entry on /debug/handles where it only grows', async () => {
    const { result, records, code, err } = await live('leaks');
    expect([code, err]).toEqual([0, '']);
    const told = records.filter((record) => record['error.code'] === 'sonde/suspected-leak');
    expect(told.map((record) => [record['leak.type'], record['error.id']])).toEqual([['heap', result.suspected[0]?.errorId]]);
    expect(result.suspected).toMatchObject([{ type: 'heap', summary: expect.stringMatching(/^\d+ MB of heap after collection, \+\d+ MB\/h since \d{4}-/) }]);
    expect(result.metric).toEqual([expect.stringMatching(/^sonde_leaks_suspected\{type="heap",source="the heap"\} \d+/)]);
  });

  it('is nothing where as much is made and dropped', async () => {
    const { result, records, code } = await live('churns');
    expect(code).toBe(0);
    expect([result.suspected, result.metric]).toEqual([[], []]);
    expect(records.filter((record) => record['error.code'] === 'sonde/suspected-leak')).toEqual([]);
  });
});

describe('a heartbeat in a program', () => {
  it('names the function that blocks the event loop, and holds nothing', async () => {
    const program = start([fixture('blocked.mjs')]);
    const [code] = (await once(program.child, 'exit')) as [number];
    expect(program.said().err).toMatch(/the event loop was blocked for [\d.]+s by hashEverything \([^)]*blocked\.mjs:\d+:\d+\)/);
    expect(code).toBe(0);
  });
});
