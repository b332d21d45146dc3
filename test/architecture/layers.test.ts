import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Import, importsOf, sourceFiles } from './imports.ts';
import { findCycle, violation } from './rules.ts';

const root = join(import.meta.dirname, '..', '..');
const files = sourceFiles(join(root, 'src'));
const imports = importsOf(files, root);

describe('the layers of src', () => {
  it('are read: files and imports are found', () => {
    expect(files.length).toBeGreaterThan(17);
    expect(imports.length).toBeGreaterThan(files.length / 2);
  });

  it('are kept: arrows go down, each package has its place', () => {
    expect(imports.map(violation).filter(Boolean)).toEqual([]);
  });

  it('hold no cycle, types included', () => {
    expect(findCycle(imports)).toBeUndefined();
  });

  it('hold no barrel: only src/public passes on what others export', () => {
    const barrels = imports.filter((item) => item.reExport && !item.from.startsWith('src/public/'));
    expect(barrels.map((item) => `${item.from} passes on ${item.to}`)).toEqual([]);
  });

  it('keep src/public to re-exports, but for register.ts, which is there for its effect', () => {
    const mixed = files
      .filter((file) => file.includes('/src/public/') && !file.endsWith('/register.ts'))
      .filter((file) => {
        const rest = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|export (?:type )?(?:\*|\{[^}]*\}) from '[^']+';/g, '');
        return rest.trim() !== '';
      });
    expect(mixed).toEqual([]);
  });
});

describe('the checker itself', () => {
  const fixtures = join(import.meta.dirname, 'fixtures');
  const found = importsOf(sourceFiles(join(fixtures, 'src')), fixtures);

  it('sees every form of import', () => {
    expect(found.filter((item) => item.from === 'src/core/every-form.ts').map(({ to, kind, reExport }) => ({ to, kind, reExport }))).toEqual([
      { to: 'node:fs', kind: 'value', reExport: false },
      { to: 'src/errors/cycle-a.ts', kind: 'type', reExport: false },
      { to: 'pino', kind: 'type', reExport: false },
      { to: 'src/errors/cycle-b.ts', kind: 'type', reExport: true },
      { to: 'src/errors/cycle-a.ts', kind: 'value', reExport: true },
      { to: 'prom-client', kind: 'type', reExport: false },
      { to: '@opentelemetry/sdk-node', kind: 'dynamic', reExport: false },
    ]);
  });

  it('refuses each of them in the wrong place', () => {
    expect(found.filter((item) => item.from === 'src/core/every-form.ts').filter((item) => violation(item) !== undefined)).toHaveLength(6);
  });

  const row = (from: string, to: string, kind: Import['kind'] = 'value') => violation({ from, to, kind, reExport: false });
  it.each([
    ['a sibling', row('src/trace/span.ts', 'src/metrics/counter.ts', 'type'), /trace may not import metrics/],
    ['a higher row', row('src/errors/report.ts', 'src/runtime/start.ts'), /errors may not import runtime/],
    ['a package out of its place', row('src/trace/span.ts', 'pino'), /only/],
    ['a package that must wait', row('src/metrics/exposition.ts', 'prom-client'), /at once/],
    ['a package nobody listed', row('src/core/json.ts', 'lodash/merge.js'), /not in the list/],
    ['a folder without a row', row('src/helpers/all.ts', 'node:fs'), /no row/],
  ])('refuses %s', (_what, message, expected) => {
    expect(message).toMatch(expected);
  });

  it('lets pass what is right', () => {
    expect([row('src/trace/span.ts', 'src/core/scope.ts'), row('src/metrics/exposition.ts', 'prom-client', 'dynamic')]).toEqual([undefined, undefined]);
  });

  it('finds a cycle that only types make', () => {
    expect(findCycle(found)).toEqual(['src/errors/cycle-a.ts', 'src/errors/cycle-b.ts', 'src/errors/cycle-a.ts']);
  });
});

it('names no file by its own place: a chunk lies elsewhere than its modules, only core/package-paths.ts knows where both lie', () => {
  const places = files.filter((file) => /(?<!createRequire\()import\.meta/.test(readFileSync(file, 'utf8').replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '')));
  expect(places.map((file) => relative(root, file))).toEqual([join('src', 'core', 'package-paths.ts')]);
});

describe('the exports map', () => {
  const pkg = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, string | { types: string; default: string }> };

  it('is the folder src/public, key by key', () => {
    const keys = Object.keys(pkg.exports).filter((key) => key !== './package.json');
    const expected = keys.map((key) => (key === '.' ? 'index.ts' : `${key.slice(2)}.ts`));
    expect(readdirSync(join(root, 'src/public')).sort()).toEqual(expected.sort());
  });

  it('points each key at the file that is built from it, with its types', () => {
    for (const [key, target] of Object.entries(pkg.exports)) {
      if (key === './package.json') continue;
      const stem = `./dist/public/${key === '.' ? 'index' : key.slice(2)}`;
      expect(target).toEqual({ types: `${stem}.d.ts`, default: `${stem}.js` });
    }
  });
});
