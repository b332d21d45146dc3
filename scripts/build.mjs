#!/usr/bin/env node
// Builds dist from src: removes what has no source any more, compiles, copies what is not TypeScript.
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { globSync } from './glob.mjs';
import { run, tool } from './run.mjs';

const root = join(import.meta.dirname, '..');
const [src, dist] = [join(root, 'src'), join(root, 'dist')];

if (existsSync(dist)) {
  for (const file of globSync(dist, '')) {
    const name = relative(dist, file);
    const source = join(src, name.replace(/\.(d\.ts|js)(\.map)?$/, '.ts'));
    if (name !== '.tsbuildinfo' && !existsSync(source) && !existsSync(join(src, name))) rmSync(file);
  }
}

const { code, output } = await run(tool('tsc'), ['-p', 'tsconfig.build.json'], { cwd: root });
process.stdout.write(output);
if (code !== 0) process.exit(code);

for (const file of globSync(src, '').filter((path) => !path.endsWith('.ts'))) {
  const target = join(dist, relative(src, file));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(file, target);
}
const cli = join(dist, 'cli', 'main.js');
if (existsSync(cli)) chmodSync(cli, 0o755);
