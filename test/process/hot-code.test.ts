import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const FIXTURE = join(import.meta.dirname, 'fixtures/hot-code.mjs');
/** What a traced call runs through in our engine, whatever is sampled. */
const HOT = ['open', 'closeCall', 'NativeSpan', 'NativeTrace', 'newTrace'];

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-hot-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it.each([0, 1])('a collection while nothing runs leaves the code of traced calls optimised, share sampled %d', (ratio) => {
  // V8 compiles at once, not beside: a thread that comes late to its turn would still be at it when the calls are over.
  const flags = ['--expose-gc', '--trace-opt', '--trace-deopt', '--no-concurrent-recompilation'];
  const output = execFileSync(process.execPath, [...flags, FIXTURE, dir, String(ratio)], { encoding: 'utf8', maxBuffer: 64 * 1_048_576 });
  const [warming = '', collecting = ''] = output.split(/^---- (?:warm|collected)$/m);
  const optimised = HOT.filter((name) => new RegExp(`completed compiling .*<JSFunction ${name} `).test(warming));
  expect(optimised).toContain('open');
  const dropped = [...collecting.matchAll(/SharedFunctionInfo (\S+?)>.*reason: weak objects/g)].map(([, name]) => name);
  expect(dropped.filter((name) => HOT.includes(name as string))).toEqual([]);
});
