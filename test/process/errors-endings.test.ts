import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLookup } from '../../dist/store/open-lookup.js';

const PROGRAM = fileURLToPath(new URL('fixtures/errors/program.mjs', import.meta.url));

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  /** What the program told, line by line. */
  readonly told: string[];
  readonly dir: string;
}

/** Runs the program until it ends in its way; `broken` names a stream whose reader goes away at once. */
async function end(way: string, options: { args?: string[]; broken?: 'stdout' | 'stderr'; dir?: string } = {}): Promise<Ending> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'sonde-endings-'));
  if (options.dir === undefined) onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const child: ChildProcess = spawn(process.execPath, [...(options.args ?? []), PROGRAM, way], {
    env: { ...process.env, SONDE_DIR: dir },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  if (options.broken) child[options.broken]?.destroy();
  const texts = { 2: '', 3: '' };
  for (const fd of [2, 3] as const) child.stdio[fd]?.on('data', (chunk) => (texts[fd] += String(chunk)));
  if (options.broken !== 'stdout') child.stdout?.resume();
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.on('close', (...how) => resolve(how)));
  return { code, signal, stderr: texts[2], told: texts[3].split('\n').filter(Boolean), dir };
}

async function errorsIn(dir: string): Promise<Record<string, unknown>[]> {
  const lookup = openLookup(dir);
  const { items } = await lookup.errors({}).catch((error) => (error.code === 'missing' ? { items: [] } : Promise.reject(error)));
  await lookup.close();
  return [...items] as unknown as Record<string, unknown>[];
}

const FATAL = { level: 'fatal', severity_number: 21, 'sonde.error.kind': 'bug', 'sonde.error.handled': false };

/** How a process may end, what Node makes of it, and what is to be found afterwards. Without the product the second column is the same. */
const ENDINGS: readonly [
  way: string,
  how: { code?: number; signal?: string; stderr?: RegExp; args?: string[] },
  record: Record<string, unknown> | undefined,
][] = [
  [
    'uncaught exception',
    { code: 1, stderr: /program\.mjs:\d+\n\s+throw new Error\(message\);\n[^]*Error: uncaught\n {4}at explode[^]*Node\.js v/ },
    { ...FATAL, message: 'uncaught', 'sonde.error.mechanism': 'uncaughtException' },
  ],
  [
    'uncaught text',
    { code: 1, stderr: /Uncaught:\n'a text'|throw 'a text'/ },
    { ...FATAL, message: 'a text', 'exception.type': 'string', 'sonde.error.mechanism': 'uncaughtException' },
  ],
  [
    'unhandled rejection',
    { code: 1, stderr: /TypeError: rejected\n {4}at[^]*Node\.js v/ },
    { ...FATAL, message: 'rejected', 'sonde.error.mechanism': 'unhandledRejection' },
  ],
  [
    'unhandled rejection of a text',
    { code: 1, stderr: /ERR_UNHANDLED_REJECTION/ },
    { ...FATAL, 'error.code': 'ERR_UNHANDLED_REJECTION', 'sonde.error.mechanism': 'unhandledRejection' },
  ],
  [
    'uncaught exception, another listener goes on',
    { code: 0, stderr: /^$/ },
    { level: 'error', message: 'handled by a listener', 'sonde.error.handled': true },
  ],
  [
    'unhandled rejection, another listener goes on',
    { code: 0, stderr: /^$/ },
    { level: 'error', message: 'handled by a listener', 'sonde.error.mechanism': 'unhandledRejection', 'sonde.error.handled': true },
  ],
  [
    'unhandled rejection, another listener throws it',
    { code: 1, stderr: /TypeError: rejected\n {4}at[^]*Node\.js v/ },
    { ...FATAL, message: 'rejected', 'sonde.error.mechanism': 'uncaughtException' },
  ],
  ['unhandled rejection, another listener ends the process', { code: 9, stderr: /^$/ }, { level: 'error', message: 'rejected' }],
  [
    'unhandled rejection, the other listeners are gone',
    { code: 1, stderr: /TypeError: rejected\n {4}at[^]*Node\.js v/ },
    { ...FATAL, message: 'rejected', 'sonde.error.mechanism': 'unhandledRejection' },
  ],
  [
    'unhandled rejection that only warns',
    { code: 0, stderr: /UnhandledPromiseRejectionWarning: TypeError: rejected/, args: ['--unhandled-rejections=warn'] },
    { level: 'error', message: 'rejected', 'sonde.error.mechanism': 'unhandledRejection' },
  ],
  [
    'unhandled rejection that only warns',
    { code: 0, stderr: /^$/, args: ['--unhandled-rejections=none'] },
    { level: 'error', message: 'rejected', 'sonde.error.mechanism': 'unhandledRejection' },
  ],
  [
    'unhandled rejection',
    { code: 1, stderr: /TypeError: rejected\n {4}at[^]*Node\.js v/, args: ['--unhandled-rejections=strict'] },
    { ...FATAL, message: 'rejected', 'sonde.error.mechanism': 'unhandledRejection' },
  ],
  [
    'uncaught exception, a capture callback goes on',
    { code: 0, stderr: /^$/ },
    { level: 'error', message: 'captured', 'sonde.error.mechanism': 'uncaughtException', 'sonde.error.handled': true },
  ],
  ['uncaught in a thread', { code: 1, stderr: /Error: in a thread/ }, { ...FATAL, message: 'in a thread' }],
  ['a cyclic error of another realm', { code: 1, stderr: /TypeError: elsewhere/ }, { ...FATAL, message: 'elsewhere', 'exception.type': 'TypeError' }],
  ['process.exit at once', { code: 3, stderr: /^$/ }, { level: 'error', message: 'before the exit' }],
  ['a natural end with an exit code', { code: 7, stderr: /^$/ }, { message: 'before the end' }],
  ['an exception in an exit listener', { code: 1, stderr: /Error: in the exit listener/ }, { ...FATAL, message: 'in the exit listener' }],
  ['SIGTERM', { signal: 'SIGTERM', stderr: /^$/ }, { message: 'before the signal' }],
  ['SIGTERM with a listener', { code: 0, stderr: /^$/ }, { message: 'in the listener' }],
  ['an error while shutting down', { code: 0, stderr: /^$/ }, { message: 'during the shutdown' }],
  ['an uncaught exception while shutting down', { code: 1, stderr: /Error: during the shutdown/ }, { ...FATAL, message: 'during the shutdown' }],
];

describe('the end of a process', () => {
  it.each(ENDINGS)('%s: exit code and words are as they are without us, and the record is there', async (way, how, record) => {
    const ending = await end(way, { ...(how.args && { args: how.args }) });
    expect([ending.code, ending.signal]).toEqual([how.code ?? null, how.signal ?? null]);
    expect(ending.stderr).toMatch(how.stderr ?? /^/);
    const errors = await errorsIn(ending.dir);
    if (record === undefined) expect(errors).toEqual([]);
    else {
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject(record);
      expect(errors[0]?.['exception.stacktrace']).toMatch(/\n {4}at |no stack/);
      const [id] = ending.told.filter((line) => /^[0-9A-Z]{4}-/.test(line));
      if (id !== undefined) expect(errors[0]?.['error.id']).toBe(id);
    }
  });

  it('other listeners are called as ever', async () => {
    for (const way of ['uncaught exception, another listener goes on', 'unhandled rejection, another listener goes on']) {
      expect((await end(way)).told).toContain('listener: handled by a listener');
    }
  });

  it.each([
    ['standard output is broken', 'stdout'],
    ['standard error is broken', 'stderr'],
  ] as const)('%s: the program ends well and the record is there', async (way, broken) => {
    const ending = await end(way, { broken });
    expect([ending.code, ending.signal]).toEqual([0, null]);
    expect((await errorsIn(ending.dir)).map((error) => error['error.id'])).toEqual(ending.told);
  });

  it('the heap is full: what was reported is in the journal, and the next start records the death from the diagnostic report', async () => {
    const ending = await end('the heap is full', { args: ['--max-old-space-size=60'] });
    expect(ending.signal ?? `code ${ending.code}`).toMatch(/SIGABRT|SIGTRAP|code 13\d/);
    expect(ending.stderr).toMatch(/JavaScript heap out of memory/);
    expect((await errorsIn(ending.dir)).map((error) => error['error.id'])).toEqual(ending.told);
    await end('a natural end with an exit code', { dir: ending.dir });
    const death = (await errorsIn(ending.dir)).find((error) => error['error.type'] === 'OutOfMemoryError');
    expect(death).toMatchObject({ ...FATAL, 'sonde.error.mechanism': 'fatalError', 'service.name': 'crash-kit' });
    expect(death?.['process.memory.heap_used']).toBeGreaterThan(40_000_000);
    expect(readdirSync(join(ending.dir, 'reports'), { recursive: true }).filter((name) => String(name).endsWith('.json'))).toEqual([]);
  });
});
