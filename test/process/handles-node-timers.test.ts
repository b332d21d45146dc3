// Node's own tests of timers, run plain and under `sonde/register`: what passes plain must pass under it. They are not part of this
// repository: SONDE_TEST_NODE names a checkout of nodejs/node at the tag of the Node that runs.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const checkout = process.env['SONDE_TEST_NODE'];
const register = pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', 'public', 'register.js')).href;
const dir = mkdtempSync(join(tmpdir(), 'sonde-node-timers-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const OF_TIMERS = /^test-(timers?|set-?immediate|util-promisify|abortcontroller)\b.*\.m?js$/;

interface NodeTest {
  readonly name: string;
  readonly path: string;
  readonly flags: readonly string[];
}

/** Those of the public API: a test of Node's internals says so in its flags. */
function nodeTests(root: string): NodeTest[] {
  return ['parallel', 'sequential'].flatMap((folder) => {
    const home = join(root, 'test', folder);
    if (!existsSync(home)) return [];
    return readdirSync(home)
      .filter((name) => OF_TIMERS.test(name))
      .map((name) => ({
        name,
        path: join(home, name),
        flags:
          /^\/\/ Flags: (.*)$/m
            .exec(readFileSync(join(home, name), 'utf8'))?.[1]
            ?.trim()
            .split(/\s+/) ?? [],
      }))
      .filter(({ flags }) => !flags.includes('--expose-internals'));
  });
}

function passes({ path, flags }: NodeTest, more: readonly string[]): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE_OPTIONS|VITEST|SONDE_|OTEL_|TEST_)/.test(name)));
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, ...more, path], { env: { ...env, SONDE_DIR: dir }, timeout: 60_000 }, (error, _out, err) =>
      resolve(error === null ? 'passes' : `fails: ${err.split('\n').find((line) => /Error/.test(line)) ?? error.message}`),
    );
  });
}

describe.skipIf(checkout === undefined)("Node's own tests of timers (skipped: SONDE_TEST_NODE names no checkout of nodejs/node)", () => {
  const tests = checkout === undefined ? [] : nodeTests(checkout);

  it('are there', () => {
    expect(tests.length).toBeGreaterThan(30);
  });

  it.each(tests)('$name passes under sonde/register where it passes without', { timeout: 130_000 }, async (test) => {
    const [plain, under] = await Promise.all([passes(test, []), passes(test, ['--import', register])]);
    expect({ [test.name]: under }).toEqual({ [test.name]: plain === 'passes' ? 'passes' : expect.any(String) });
  });
});
