import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLookup } from '../../dist/store/open-lookup.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
let dir: string;

/** As a compiler leaves it: two lines of source made one, with a map beside it. Line 2, column 9 of the source throws. */
const SOURCE = "export function place(order: string): never {\n  throw new Error('no ' + order);\n}\n";
const GENERATED = "export function place(order) { throw new Error('no ' + order); }\n//# sourceMappingURL=orders.js.map\n";
// Segments: column 0 → 1:1; column 31 (`throw`) → 2:3; column 37 (`new`) → 2:9.
const MAP = { version: 3, file: 'orders.js', sources: ['../src/orders.ts'], names: [], mappings: 'AAAA,+BACE,MAAM', sourcesContent: [SOURCE] };

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-mapped-'));
  mkdirSync(join(dir, 'dist'));
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(ROOT, join(dir, 'node_modules', 'sonde'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  writeFileSync(join(dir, 'dist', 'orders.js'), GENERATED);
  writeFileSync(join(dir, 'dist', 'orders.js.map'), JSON.stringify(MAP));
  writeFileSync(
    join(dir, 'main.js'),
    `import { report, start } from 'sonde';
import { place } from './dist/orders.js';
const sonde = await start({ service: 'mapped', dir: process.env.SONDE_DIR, logs: { level: 'off' } });
try { place('o-17'); } catch (error) { console.log(report(error).id); }
await sonde.shutdown();
`,
  );
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it.each([
  ['plain', []],
  ['with --enable-source-maps', ['--enable-source-maps']],
])('a stack leads to the source, %s', async (how, flags) => {
  const store = join(dir, `store ${how}`);
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, join(dir, 'main.js')], { env: { ...process.env, SONDE_DIR: store } });
  const lookup = openLookup(store);
  const record = await lookup.error(stdout.trim());
  await lookup.close();
  const frames = (record?.['exception.stacktrace'] ?? '').split('\n').slice(0, 3);
  expect(frames[0]).toBe('Error: no o-17');
  expect(frames[1]).toContain(`at place (${how === 'plain' ? join(dir, 'src/orders.ts') : ''}`);
  expect(frames[1]).toMatch(/src\/orders\.ts:2:9\)$/);
  expect(frames[2]).toMatch(/main\.js:4:7/);
});

it('both have one fingerprint', async () => {
  const prints = new Set<unknown>();
  for (const how of ['plain', 'with --enable-source-maps']) {
    const lookup = openLookup(join(dir, `store ${how}`));
    const { items } = await lookup.errors({});
    for (const item of items) prints.add(item['sonde.error.fingerprint']);
    await lookup.close();
  }
  expect(prints.size).toBe(1);
});
