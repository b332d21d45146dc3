import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
// Below the package, so that the compiled program finds it by its own name.
const folder = join(root, '.cache', `decorators-${process.pid}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// vitest's own transform writes the TC39 form in its way; these are the helpers that users' programs have.
it.each([
  ['TC39 decorators', []],
  ['legacy decorators', ['--experimentalDecorators']],
  ['legacy decorators with metadata', ['--experimentalDecorators', '--emitDecoratorMetadata']],
])('%s, compiled by TypeScript', async (what, flags) => {
  const out = join(folder, what.replaceAll(' ', '-'));
  mkdirSync(out, { recursive: true });
  const project = join(import.meta.dirname, 'fixtures', 'decorators');
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project, '--noEmit', 'false', '--outDir', out, ...flags]);
  const { stdout } = await run(process.execPath, ['--no-warnings', join(out, 'app.js')]);
  expect(JSON.parse(stdout)).toEqual({
    given: [22, 'found 7', [10], 'opened', 10, 1, 'sold', 1],
    shape: ['place', 1, 'open', ['base'], true, 'Shop'],
    spans: ['Orders.place', 'orders.find', 'Orders.list', 'Orders.open', 'Orders.size', 'inner', 'outer', 'Shop.sell', 'Shop.count'],
  });
});
