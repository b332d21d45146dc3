import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const FIXTURE = join(import.meta.dirname, 'fixtures/tick-shape.mjs');

function shapes(how: 'kept' | 'plain'): (string | undefined)[] {
  const flags = ['--expose-gc', '--allow-natives-syntax'];
  const output = execFileSync(process.execPath, [...flags, FIXTURE, how], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return [...output.matchAll(/^DebugPrint: .*\n - map: (0x[0-9a-f]+)/gm)].map(([, map]) => map);
}

it("a record of Node's that is kept keeps the hidden class of all of them through a collection", () => {
  const [before, after] = shapes('kept');
  expect(before).toMatch(/^0x/);
  expect(after).toBe(before);
});
