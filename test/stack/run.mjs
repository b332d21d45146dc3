// npm run test:stack: the real servers, of their images or built once from Go modules; says in one line what it leaves out and why.
import { spawnSync } from 'node:child_process';
import { servers } from './lib/build.mjs';

const built = await servers().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
if (built.reason) {
  process.stdout.write(`stack tests left out: ${built.reason}\n`);
  process.exit(0);
}
if (!built.paths.tempo) process.stdout.write('stack tests of Tempo left out: no tempo on PATH or in TEMPO_BIN\n');
const { status } = spawnSync('npx', ['vitest', 'run', '--config', 'test/stack/vitest.config.ts', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, STACK_TEST_PATHS: JSON.stringify(built.paths) },
});
process.exit(status ?? 1);
