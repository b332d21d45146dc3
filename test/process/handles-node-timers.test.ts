// Node's own tests of timers, run plain, under the registry and under `sonde/register`: what passes plain must pass under them. They are not
// part of this repository: SONDE_TEST_NODE names a checkout of nodejs/node at the tag of the Node that runs.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const checkout = process.env['SONDE_TEST_NODE'];
const register = pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', 'public', 'register.js')).href;
const registry = pathToFileURL(join(import.meta.dirname, 'fixtures', 'handles', 'registry.mjs')).href;
const THE_END = 'what the SDK does at the end of the process turns the loop once more, in which an unref immediate runs';
/** What fails under the whole SDK though not under the registry, with the reason. */
const UNDER_REGISTER: Readonly<Record<string, string>> = {
  'test-timer-immediate.js': 'replaces the global `process` by an empty object',
  'test-timers-process-tampering.js': 'replaces the global `process` by something else',
  'test-timers-immediate-unref.js': THE_END,
  'test-timers-immediate-unref-simple.js': THE_END,
  'test-timers-immediate-unref-nested-once.js': THE_END,
};

const dir = mkdtempSync(join(tmpdir(), 'sonde-node-timers-'));
/** Loading any file first changes what these tests see: an unref'd immediate runs in the turn that the loader still needs. */
writeFileSync(join(dir, 'nothing.mjs'), '');
const NOTHING = pathToFileURL(join(dir, 'nothing.mjs')).href;
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const OF_TIMERS = /^test-(timers?|set-?immediate|util-promisify|abortcontroller)\b.*\.m?js$/;

interface NodeTest {
  readonly name: string;
  readonly path: string;
  readonly flags: readonly string[];
}

function nodeTests(root: string): NodeTest[] {
  return ['parallel', 'sequential'].flatMap((folder) => {
    const home = join(root, 'test', folder);
    if (!existsSync(home)) return [];
    return readdirSync(home)
      .filter((name) => OF_TIMERS.test(name))
      .map((name) => ({ name, path: join(home, name), flags: flagsOf(readFileSync(join(home, name), 'utf8')) }));
  });
}

const flagsOf = (source: string): string[] => /^\/\/ Flags: (.*)$/m.exec(source)?.[1]?.trim().split(/\s+/) ?? [];

function passes({ path, flags }: NodeTest, more: readonly string[]): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE_OPTIONS|VITEST|SONDE_|OTEL_|TEST_)/.test(name)));
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, ...more, path], { env: { ...env, SONDE_DIR: dir }, timeout: 600_000 }, (error, _out, err) =>
      resolve(error === null ? 'passes' : `fails: ${err.split('\n').find((line) => /Error/.test(line)) ?? error.message}`),
    );
  });
}

describe.skipIf(checkout === undefined)("Node's own tests of timers (skipped: SONDE_TEST_NODE names no checkout of nodejs/node)", () => {
  const tests = checkout === undefined ? [] : nodeTests(checkout);

  let passing = 0;

  it.each(tests)('$name passes where it passes without', async (test) => {
    const plain = await passes(test, ['--import', NOTHING]);
    if (plain !== 'passes') return expect(plain).toMatch(/^fails/);
    passing++;
    expect({ [test.name]: await passes(test, ['--import', registry]) }).toEqual({ [test.name]: 'passes' });
    if (!(test.name in UNDER_REGISTER)) expect({ [test.name]: await passes(test, ['--import', register]) }).toEqual({ [test.name]: 'passes' });
  });

  it('pass without it but for a few, so that the others say something', () => {
    expect(tests.length).toBeGreaterThan(30);
    expect(passing / tests.length).toBeGreaterThan(0.9);
  });
});
