import { afterEach, beforeEach, expect, it } from 'vitest';
import { openProblems, resolved, useDiagWriter, warn } from '../../../src/core/diag.ts';

let lines: string[];
let restore: () => void;
beforeEach(() => {
  lines = [];
  restore = useDiagWriter((line) => lines.push(line));
});
afterEach(() => {
  for (const { kind } of openProblems()) resolved(kind, 'over');
  restore();
});

it('says a problem once, counts it, says its end once, and then says it again', () => {
  for (let i = 0; i < 3; i++) warn('down', `cannot reach the collector, attempt ${i}`);
  expect(openProblems()).toMatchObject([{ kind: 'down', count: 3, message: 'cannot reach the collector, attempt 0' }]);
  resolved('down', 'the collector is back');
  resolved('down', 'the collector is back');
  warn('down', 'again');
  expect(lines).toEqual(['sonde: cannot reach the collector, attempt 0\n', 'sonde: the collector is back\n', 'sonde: again\n']);
});

it('writes one line, whatever the message holds', () => {
  warn('multi', `a\nb\r\nc\u2028d${'x'.repeat(5_000)}`);
  expect(lines[0]).toMatch(/^sonde: a b c dx+\n$/);
  expect(lines[0]?.length).toBe(1_008);
});

it('keeps a bounded number of kinds', () => {
  for (let i = 0; i < 300; i++) warn(`kind ${i}`, 'x');
  expect(openProblems()).toHaveLength(256);
});
