#!/usr/bin/env node
// Builds dist from src: compiles, joins what is loaded together into chunks, copies what is not TypeScript, and removes
// what has no source any more.
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { bundle } from './bundle.mjs';
import { globSync } from './glob.mjs';
import { run, tool } from './run.mjs';

const root = join(import.meta.dirname, '..');
const [src, dist] = [join(root, 'src'), join(root, 'dist')];
// What the compiler makes lies below dist, so that a `dist` that was removed is compiled anew.
const compiled = join(dist, '.modules');

const { code, output } = await run(tool('tsc'), ['-p', 'tsconfig.build.json'], { cwd: root });
process.stdout.write(output);
if (code !== 0) process.exit(code);

const [sources, others] = partition(globSync(src, ''), (path) => path.endsWith('.ts'));
const modules = sources.map((path) => relative(src, path).replace(/\.ts$/, '')).sort();
removeExcept(compiled, [...modules.flatMap((name) => [`${name}.js`, `${name}.js.map`]), '.tsbuildinfo']);
const bundled = await bundle({ from: compiled, to: dist, modules });

for (const file of others) {
  const target = join(dist, relative(src, file));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(file, target);
}
chmodSync(join(dist, 'cli', 'main.js'), 0o755);
removeExcept(
  dist,
  [...bundled, ...modules.flatMap((name) => [`${name}.d.ts`, `${name}.d.ts.map`]), ...others.map((path) => relative(src, path))],
  ['.modules'],
);

function partition(items, isFirst) {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

function removeExcept(folder, names, skipped = []) {
  if (!existsSync(folder)) return;
  const kept = new Set(names.map((name) => join(folder, name)));
  for (const file of globSync(folder, '', skipped)) if (!kept.has(file)) rmSync(file);
}
