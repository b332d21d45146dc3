import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const fixtures = join(import.meta.dirname, 'fixtures');

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end; a run that hangs is killed, and its code is then no exit code. */
function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    const { NODE_OPTIONS: _, VITEST: __, ...env } = process.env;
    execFile(command, args, { cwd, timeout: 600_000, env: { ...env, NO_COLOR: '1', FORCE_COLOR: '0' } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, output: stdout + stderr });
    });
  });
}

/** The names of tests that the output calls failed, in its order, once each. */
const namesIn = (output: string, pattern: RegExp): string[] => [...new Set([...output.matchAll(pattern)].map((match) => match[1]?.trim() ?? ''))];

/** Where a text stands in a fixture, as `file:line:column`. */
function placeOf(path: string, text: string): string {
  const before = (readFileSync(join(fixtures, path), 'utf8').split(text)[0] ?? '').split('\n');
  return `${path.split('/').at(-1)}:${before.length}:${(before.at(-1) ?? '').length + 1}`;
}

describe('verdicts in node:test', () => {
  const node = (file: string): Promise<Ended> => run(process.execPath, ['--test', '--test-reporter=tap', file], join(fixtures, 'leaks-node-test'));

  it('let a file pass that closes what it opens', async () => {
    const { code, output } = await node('clean.mjs');
    expect(output).toContain('# pass 1');
    expect(code).toBe(0);
  });

  it('fail the tests that leak and no other, by exit code, and let the process end', async () => {
    const { code, output } = await node('leaks.mjs');
    expect(namesIn(output, /not ok \d+ - (.*)/g).filter((name) => !name.startsWith('side by side') && !name.endsWith('.mjs'))).toEqual([
      'leaves an interval',
      'leaves a timeout',
      'leaves a timeout of its own',
    ]);
    expect(output).toContain(`interval 1000ms, opened at ${placeOf('leaks-node-test/leaks.mjs', 'setInterval(() => {}, 1_000)')},`);
    expect(output).toContain('close it with clearInterval(timer)');
    expect(output).toContain(`timeout 60000ms, opened at ${placeOf('leaks-node-test/leaks.mjs', 'setTimeout(() => {}, 60_000)')},`);
    expect(code).toBe(1);
  });
});

describe('verdicts in node:test on what holds the process', () => {
  it.each([
    ['hooks', 'the hooks of this file', 'interval 7777ms, opened at hooks.mjs:7:3'],
    ['leak-free', undefined, 'interval 1000ms, opened at leak-free.mjs:8:5'],
  ])('fail %s.mjs and let it end', async (file, by, line) => {
    const { code, output } = await run(process.execPath, ['--test', '--test-reporter=tap', `${file}.mjs`], join(fixtures, 'leaks-node-test'));
    expect(output).toMatch(new RegExp(`left open${by === undefined ? '' : ` by "${by}"`}:\\n *${line}`));
    expect(output).toMatch(/# fail 1\n/);
    expect(code).toBe(1);
  });
});

describe('verdicts in node:test on a test that others depend on', () => {
  it('let what it leaves open go on until the file is done', async () => {
    const { code, output } = await run(process.execPath, ['--test', '--test-reporter=tap', 'shared.mjs'], join(fixtures, 'leaks-node-test'));
    expect(namesIn(output, /not ok \d+ - (.*)/g).filter((name) => !name.endsWith('.mjs'))).toEqual(['opens what others use']);
    expect(output).toContain('left open by "opens what others use"');
    expect(code).toBe(1);
  });
});

describe('verdicts in node:test on what never rests', () => {
  it('end a file whose immediates repeat, and fail it', async () => {
    const { code, output } = await run(process.execPath, ['--test', '--test-reporter=tap', 'immediates.mjs'], join(fixtures, 'leaks-node-test'));
    expect(namesIn(output, /not ok \d+ - (.*)/g).filter((name) => !name.endsWith('.mjs'))).toEqual(['leaves an immediate that repeats']);
    expect(output).toContain(`immediates.mjs:${placeOf('leaks-node-test/immediates.mjs', 'setImmediate(again)').split(':')[1]}`);
    expect(code).toBe(1);
  });
});

describe('verdicts in vitest', () => {
  const vitest = (file: string, ...options: readonly string[]): Promise<Ended> =>
    run(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', file, ...options], join(fixtures, 'leaks-vitest'));

  it.each(['stack', 'list'])('let a file pass that closes what it opens, its hooks in the order "%s"', async (order) => {
    const { code, output } = await vitest('clean', `--sequence.hooks=${order}`);
    expect(output).toMatch(/Tests +1 passed/);
    expect(code).toBe(0);
  });

  it('fail the tests that leak and no other, tests side by side told apart, and the file for its hooks', async () => {
    const { code, output } = await vitest('leaks');
    expect(namesIn(output, /FAIL +leaks\.test\.mjs > (.*)/g).sort()).toEqual(['fails by itself', 'leaves an interval', 'side by side, leaves a timeout']);
    expect(output).toMatch(/1 handle was left open by "leaves an interval":\n +interval 1000ms, opened at leaks\.test\.mjs:12:3/);
    expect(output).toMatch(/left open by "side by side, leaves a timeout":\n +timeout 60000ms, opened at leaks\.test\.mjs:28:3/);
    expect(output).toMatch(/1 handle was left open by "the hooks of this file":\n +interval 7777ms, opened at leaks\.test\.mjs:8:3/);
    expect(code).toBe(1);
  });
});

describe('verdicts in jest', () => {
  const project = join(fixtures, 'jest');

  /** Jest has its own lock file here, so that nobody who installs this package installs jest. */
  async function jest(file: string): Promise<Ended> {
    if (!existsSync(join(project, 'node_modules', 'jest'))) {
      const installed = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], project);
      if (installed.code !== 0) return installed;
    }
    mkdirSync(join(project, 'node_modules'), { recursive: true });
    if (!existsSync(join(project, 'node_modules', 'sonde'))) symlinkSync(root, join(project, 'node_modules', 'sonde'), 'dir');
    return run(process.execPath, [join(project, 'node_modules', 'jest', 'bin', 'jest.js'), `cases/${file}`], project);
  }

  it('let a file pass that closes what it opens', async () => {
    const { code, output } = await jest('clean');
    expect(output).toMatch(/Tests: +1 passed, 1 total/);
    expect(code).toBe(0);
  });

  it('fail the tests that leak and no other', async () => {
    const { code, output } = await jest('leaks');
    expect(namesIn(output, /● (.*)/g)).toEqual(['leaves an interval', 'leaves a server', 'fails by itself']);
    expect(output).toMatch(/interval 1000ms, opened at cases\/leaks\.test\.js:3:3/);
    // The code frame is that of the line that opened it.
    expect(output).toMatch(/> 3 \| {3}setInterval/);
    expect(output).toContain('close it with server.close()');
    expect(output).not.toContain('the hooks of this file');
    expect(code).toBe(1);
  });

  it('let jest end though a fetch was left open that waits for its answer', async () => {
    const { code, output } = await jest('fetch');
    expect(output).toMatch(/fetch GET http:\/\/127\.0\.0\.1:\d+\/, opened at cases\/fetch\.test\.js:9:9/);
    expect(output).not.toContain('did not exit');
    expect(code).toBe(1);
  });

  it('tell tests side by side apart, fail the file for its hooks, and let jest end', async () => {
    const { code, output } = await jest('hooks');
    expect(output).toMatch(/left open by "side by side, leaves a timeout":\n +timeout 60000ms, opened at cases\/hooks\.test\.js:8:3/);
    expect(output).toMatch(/left open by "the hooks of this file":\n +interval 7777ms, opened at cases\/hooks\.test\.js:2:3/);
    expect(output).toMatch(/Tests: +1 failed, 2 passed, 3 total/);
    expect(code).toBe(1);
  });
});
