import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { logger } from 'sonde';
import { afterAll, describe, expect, it } from 'vitest';
import { logger as loggerOfModule } from '../../dist/logs/logger.js';
import { openLookup } from '../../dist/store/open-lookup.js';

const root = join(import.meta.dirname, '..', '..');
const dist = join(root, 'dist');
const dir = mkdtempSync(join(tmpdir(), 'sonde-chunks-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Our own files that loading `entry` loads. */
function loadedBy(entry: string, found = new Set<string>()): Set<string> {
  found.add(entry);
  const text = readFileSync(join(dist, entry), 'utf8');
  for (const [, target = ''] of text.matchAll(/^(?:import|export)\b.* from '(\.[^']+)';$/gm)) {
    const file = relative(dist, join(dist, dirname(entry), target));
    if (!found.has(file)) loadedBy(file, found);
  }
  return found;
}

function run(code: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', code, ...args], { cwd: root, timeout: 600_000 });
}

describe('the package as it is built', () => {
  it.each([
    ['the vocabulary', 'public/index.js', 4],
    ['all that start() loads besides', 'runtime/open-sonde.js', 6],
    ['the worker', 'pipeline/worker/main.js', 4],
  ])('has %s in a few files', (_what, entry, most) => {
    const files = [...loadedBy(entry)];
    expect(files.filter((file) => file !== entry && dirname(file) !== 'chunks')).toEqual([]);
    expect(files.length).toBeGreaterThan(1);
    expect(files.length).toBeLessThanOrEqual(most);
  });

  it('keeps every module at its path, with the one instance that all share', () => {
    expect(loggerOfModule).toBe(logger);
  });

  it('does nothing when a chunk is loaded', async () => {
    const chunks = readdirSync(join(dist, 'chunks')).filter((name) => name.endsWith('.js'));
    expect(chunks.length).toBeGreaterThan(4);
    // Requests are the loader's own, which closes the files; an import of node:util opens stderr on Node 24.
    const code = `
      const open = () => process.getActiveResourcesInfo().filter((kind) => !/Req|PipeWrap/.test(kind));
      const before = open();
      for (const path of process.argv.slice(1)) await import(path);
      const opened = open().filter((kind) => !before.includes(kind));
      console.log(opened.join() || 'nothing');`;
    expect(await run(code, ...chunks.map((name) => join(dist, 'chunks', name)))).toEqual({ stdout: 'nothing\n', stderr: '' });
  });

  it('knows its own frames wherever a module was built to, and the source of a frame of its own', async () => {
    const code = `
      import { boundary, report, start, traced } from 'sonde';
      const sonde = await start({ service: 'chunks', dir: process.argv[1], logs: { level: 'off' } });
      const failing = traced('failing', () => boundary('chunks')(() => { throw new TypeError('no'); })());
      let own;
      try { failing(); } catch (error) { own = { id: report(error).id, stack: error.stack }; }
      try { traced('', 1); } catch (error) { own.wrong = error.stack; }
      console.log(JSON.stringify(own));
      await sonde.shutdown();`;
    const { stdout } = await run(code, dir);
    const { id, stack, wrong } = JSON.parse(stdout) as { id: string; stack: string; wrong: string };
    expect(stack).toContain(join('dist', 'chunks')); // there is something to take out
    const lookup = openLookup(dir);
    const record = (await lookup.error(id)) as unknown as Record<string, string>;
    await lookup.close();
    expect(record['exception.stacktrace']).toContain('TypeError: no');
    expect(record['exception.stacktrace']).not.toMatch(/[\\/](?:dist|src)[\\/]/);
    const { symbolicateStack } = (await import(join(dist, 'errors', 'symbolicate.js'))) as typeof import('../../src/errors/symbolicate.ts');
    const frame = /^ +at .*[\\/]chunks[\\/].*$/m.exec(wrong)?.[0] ?? 'no frame of our own';
    const [, file = '', line = ''] = /\(?([^() ]+):(\d+):\d+\)?$/.exec(symbolicateStack(frame)) ?? [];
    expect(relative(root, file)).toMatch(/^src[\\/]/);
    expect(readFileSync(file, 'utf8').split('\n')[Number(line) - 1]).toMatch(/throw|new \w*Error/);
  });
});
