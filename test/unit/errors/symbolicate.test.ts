import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useDiagWriter } from '../../../src/core/diag.ts';
import { forgetSourceMaps, symbolicateStack } from '../../../src/errors/symbolicate.ts';

let dir: string;
let said: string[];
let restore: () => void;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-maps-'));
  mkdirSync(join(dir, 'dist'));
  forgetSourceMaps();
  said = [];
  restore = useDiagWriter((line) => said.push(line));
});
afterEach(() => {
  restore();
  rmSync(dir, { recursive: true, force: true });
});

/** Line 1, column 1 of the generated file is line 11, column 5 of the source (`UAAI`: +10 lines, +4 columns), where `charge` stands. */
const MAP = { version: 3, file: 'orders.js', sources: ['../src/orders.ts'], names: ['charge'], mappings: 'AAUIA' };
const generated = (name: string): string => join(dir, 'dist', name);
const put = (name: string, text: string): string => {
  writeFileSync(generated(name), text);
  return generated(name);
};
const stackAt = (file: string): string => `Error: no\n    at place (${file}:1:1)\n    at async ${file}:1:1\n    at node:internal/x:1:1`;
const mapped = (): string =>
  `Error: no\n    at place (${join(dir, 'src/orders.ts')}:11:5)\n    at async ${join(dir, 'src/orders.ts')}:11:5\n    at node:internal/x:1:1`;

describe('symbolicateStack', () => {
  it('reads a map beside the file', () => {
    put('orders.js.map', JSON.stringify(MAP));
    expect(symbolicateStack(stackAt(put('orders.js', 'x();\n//# sourceMappingURL=orders.js.map\n')))).toBe(mapped());
  });

  it('reads file: addresses, and modules loaded with a query', () => {
    put('orders.js.map', JSON.stringify(MAP));
    const file = put('orders.js', 'x();\n//# sourceMappingURL=orders.js.map');
    expect(symbolicateStack(stackAt(`${pathToFileURL(file).href}?v=2`))).toBe(mapped());
  });

  it.each([
    ['base64', (json: string) => `data:application/json;base64,${Buffer.from(json).toString('base64')}`],
    ['base64 with a charset', (json: string) => `data:application/json;charset=utf-8;base64,${Buffer.from(json).toString('base64')}`],
    ['percent signs', (json: string) => `data:application/json,${encodeURIComponent(json)}`],
  ])('reads an inline map in %s', (_how, url) => {
    expect(symbolicateStack(stackAt(put('orders.js', `x();\n//# sourceMappingURL=${url(JSON.stringify(MAP))}`)))).toBe(mapped());
  });

  it('reads an inline map that is longer than the tail of the file', () => {
    const big = { ...MAP, sourcesContent: ['y'.repeat(100_000)] };
    const url = `data:application/json;base64,${Buffer.from(JSON.stringify(big)).toString('base64')}`;
    expect(symbolicateStack(stackAt(put('orders.js', `x();\n//# sourceMappingURL=${url}\n`)))).toBe(mapped());
  });

  it('reads the old spelling of the comment, and the block form', () => {
    put('orders.js.map', JSON.stringify(MAP));
    expect(symbolicateStack(stackAt(put('orders.js', 'x();\n//@ sourceMappingURL=orders.js.map')))).toBe(mapped());
    forgetSourceMaps();
    expect(symbolicateStack(stackAt(put('orders.js', 'x();\n/*# sourceMappingURL=orders.js.map */')))).toBe(mapped());
  });

  it('reads a map with sections', () => {
    put('orders.js.map', JSON.stringify({ version: 3, sections: [{ offset: { line: 0, column: 0 }, map: MAP }] }));
    expect(symbolicateStack(stackAt(put('orders.js', 'x();\n//# sourceMappingURL=orders.js.map')))).toBe(mapped());
  });

  it('corrects a minified name by the name at the call', () => {
    put('orders.js.map', JSON.stringify(MAP));
    const file = put('orders.js', 'x();\n//# sourceMappingURL=orders.js.map');
    expect(symbolicateStack(`Error\n    at a (${file}:1:1)\n    at b (${file}:1:1)`)).toMatch(/at charge \(.*\n {4}at b \(/);
  });

  it.each([
    ['no comment', 'x();\n', ''],
    ['a map that is missing', 'x();\n//# sourceMappingURL=gone.js.map', ''],
    ['a map on a network, which is never fetched', 'x();\n//# sourceMappingURL=https://cdn.example/orders.js.map', ''],
    ['a comment that is not at the end', '//# sourceMappingURL=orders.js.map\nx();\n', ''],
    ['a map that is no JSON', `x();\n//# sourceMappingURL=data:application/json,nonsense`, 'cannot use the source map'],
    ['a map of the wrong shape', `x();\n//# sourceMappingURL=data:application/json,${encodeURIComponent('{"version":3}')}`, 'cannot use the source map'],
    [
      'mappings that are broken',
      `x();\n//# sourceMappingURL=data:application/json,${encodeURIComponent(JSON.stringify({ ...MAP, mappings: '!!!!' }))}`,
      'no mappings that can be read',
    ],
    [
      'a position that the map does not have',
      `x();\n//# sourceMappingURL=data:application/json,${encodeURIComponent(JSON.stringify({ ...MAP, mappings: '' }))}`,
      '',
    ],
  ])('leaves frames alone with %s', (_what, text, problem) => {
    const stack = stackAt(put('orders.js', text));
    expect(symbolicateStack(stack)).toBe(stack);
    expect(said.join('')).toContain(problem);
    expect(said.length).toBeLessThanOrEqual(1);
  });

  it('says what is wrong with a map once, however often it is needed', () => {
    const stack = stackAt(put('bad.js', 'x();\n//# sourceMappingURL=data:application/json,no'));
    for (let i = 0; i < 5; i++) symbolicateStack(stack);
    expect(said).toHaveLength(1);
  });

  it('reads a map of 20 MB, and each map once', () => {
    const huge = { ...MAP, sourcesContent: ['z'.repeat(20_000_000)] };
    put('orders.js.map', JSON.stringify(huge));
    const file = put('orders.js', 'x();\n//# sourceMappingURL=orders.js.map');
    expect(symbolicateStack(stackAt(file))).toBe(mapped());
    rmSync(join(dir, 'dist', 'orders.js.map'));
    expect(symbolicateStack(stackAt(file))).toBe(mapped());
  });

  it('refuses a map over the bound, and says so', () => {
    put('orders.js.map', `{"version":3,"x":"${'z'.repeat(65 * 1024 * 1024)}"}`);
    const stack = stackAt(put('orders.js', 'x();\n//# sourceMappingURL=orders.js.map'));
    expect(symbolicateStack(stack)).toBe(stack);
    expect(said[0]).toMatch(/at most 67108864 are read/);
  });

  it.skipIf(process.platform === 'win32')('reads no device and waits for no pipe, which have no end', () => {
    const plain = stackAt(put('null.js', 'x();\n//# sourceMappingURL=/dev/null'));
    expect(symbolicateStack(plain)).toBe(plain);
    expect(said.pop()).toMatch(/cannot use the source map of .*null\.js: \/dev\/null is no file; its stack frames stay as they are/);
    execFileSync('mkfifo', [generated('pipe.js'), generated('pipe.map')]);
    for (const file of [put('named.js', 'x();\n//# sourceMappingURL=pipe.map'), generated('pipe.js')]) {
      expect(symbolicateStack(stackAt(file))).toBe(stackAt(file));
      expect(said.pop()).toMatch(/is no file/);
    }
  });

  it('changes nothing the second time', () => {
    put('orders.js.map', JSON.stringify(MAP));
    const once = symbolicateStack(stackAt(put('orders.js', 'x();\n//# sourceMappingURL=orders.js.map')));
    expect(symbolicateStack(once)).toBe(once);
  });

  it('handles many files in bounded memory', () => {
    for (let i = 0; i < 300; i++) {
      put(`f${i}.js.map`, JSON.stringify(MAP));
      expect(symbolicateStack(stackAt(put(`f${i}.js`, `x();\n//# sourceMappingURL=f${i}.js.map`)))).toBe(mapped());
    }
  });

  it.each([
    '',
    'Error',
    '    at native',
    '    at eval (eval at <anonymous> (/x.js:1:1), <anonymous>:1:1)',
    '    at new Promise (<anonymous>)',
    '    at (((',
    `    at ${'x'.repeat(10_000)}:1:1`,
  ])('leaves %j as it is', (text) => {
    expect(symbolicateStack(text)).toBe(text);
  });
});
