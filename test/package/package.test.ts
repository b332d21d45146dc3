import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install, pack, readPackage, runNode } from './installed.ts';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const pkg = await readPackage();
const keys = Object.keys(pkg.exports);
const specifiers = keys.map((key) => key.replace(/^\./, pkg.name));

let folder = '';
let tarball = '';
let installed = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sonde-package-'));
  tarball = await pack(folder);
  await install(tarball, join(folder, 'project'));
  installed = join(folder, 'project', 'node_modules', pkg.name);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the packed tarball, installed in an empty folder without scripts', () => {
  it('has exports to show', () => {
    expect(specifiers.length).toBeGreaterThan(4);
  });

  it.each(specifiers.filter((name) => !name.endsWith('.json')))(
    'import("%s") and require("%s") give the same names, print nothing and let the process end',
    async (name) => {
      const names = 'process.stdout.write(JSON.stringify(Object.keys(loaded).filter((key) => key !== "module.exports" && key !== "__esModule").sort()))';
      const imported = await runNode(join(folder, 'project'), ['--input-type=module', '-e', `const loaded = await import('${name}'); ${names}`]);
      const required = await runNode(join(folder, 'project'), ['--input-type=commonjs', '-e', `const loaded = require('${name}'); ${names}`]);
      expect(imported).toMatchObject({ code: 0, stderr: '' });
      expect(required).toEqual(imported);
      if (!name.endsWith('/register')) expect(JSON.parse(imported.stdout)).not.toHaveLength(0);
    },
  );

  it('require("sonde/package.json") works too', async () => {
    const result = await runNode(join(folder, 'project'), ['-p', `require('${pkg.name}/package.json').version`]);
    expect(result.stdout.trim()).toBe(pkg.version);
  });

  it.each(Object.keys(pkg.bin))('the command "%s" runs', async (command) => {
    const path = join(folder, 'project', 'node_modules', '.bin', command);
    const { stdout } = await execute(path, ['--version'], { cwd: folder });
    expect(stdout.trim()).toBe(pkg.version);
  });

  it('holds every file that its own files refer to, and none that is for us only', () => {
    const files = (readdirSync(installed, { recursive: true }) as string[]).filter((name) => !name.startsWith('node_modules'));
    // What is minified was not compiled from one of our files and has no map.
    const scripts = files.filter((name) => name.startsWith('dist') && name.endsWith('.js') && !name.endsWith('.min.js'));
    expect(scripts.length).toBeGreaterThan(40);
    const missing = scripts.flatMap((name) => {
      const text = readFileSync(join(installed, name), 'utf8');
      const relative = [...text.matchAll(/(?:from |import\(|import |new URL\()'(\.{1,2}\/[^']+)'/g)].map((match) => match[1] ?? '');
      const own = [...text.matchAll(/new URL\('([^']+)', OWN_URL\)/g)].map((match) => posix.relative(posix.dirname(name), `dist/${match[1]}`));
      // A script that is one in src too is not compiled.
      const isSource = existsSync(join(installed, name.replace(/^dist/, 'src')));
      const map = isSource ? [] : [/^\/\/# sourceMappingURL=(\S+)$/m.exec(text)?.[1] ?? 'no map'];
      return [...relative, ...own, ...map].filter((target) => !existsSync(join(installed, dirname(name), target))).map((target) => `${name} → ${target}`);
    });
    expect(missing).toEqual([]);
    expect(files).toContain(join('dist', 'cli', 'pprof', 'flame-page.min.js'));
    const maps = files.filter((name) => name.endsWith('.js.map'));
    const lost = maps.filter((name) => {
      const { sources } = JSON.parse(readFileSync(join(installed, name), 'utf8')) as { sources: string[] };
      return !sources.every((source) => existsSync(join(installed, dirname(name), source)));
    });
    expect(lost).toEqual([]);
    expect(files.filter((name) => /\.test\.|tsbuildinfo|\.modules|^(test|examples|scripts)\b/.test(name))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json']));
  });

  it('has nothing that publint objects to', async () => {
    const { messages } = await publint({ pkgDir: installed, level: 'suggestion', pack: false });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  it('has types that every ESM way of importing finds', async () => {
    const attw = join(root, 'node_modules', '.bin', 'attw');
    const { stdout } = await execute(attw, [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--format', 'json'], { maxBuffer: 64e6 }).catch(
      (error: { stdout: string }) => error,
    );
    const { analysis } = JSON.parse(stdout) as { analysis: { problems: { kind: string; resolutionKind?: string }[]; entrypoints: Record<string, unknown> } };
    // The profile leaves out node10, which knows no exports map, and types for CommonJS, which sees an ESM file.
    expect(analysis.problems.filter(({ resolutionKind }) => resolutionKind !== 'node10' && resolutionKind !== 'node16-cjs')).toEqual([]);
    expect(Object.keys(analysis.entrypoints).sort()).toEqual([...keys].sort());
  });
});
