import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('a process does not end while somebody waits for a retry, a time limit or a second attempt, nor is held when they are over', () => {
  // Ends with 0, or this throws. The record of what timed out is on standard error.
  const output = execFileSync(process.execPath, [join(import.meta.dirname, 'fixtures/resilience/waits.mjs')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(output.split('\n')).toEqual([
    'cockatiel is loaded by the import: false',
    'by the first retry: true',
    'attempt 3',
    'sonde/timeout',
    'attempt 2',
    'the end',
    '',
  ]);
});

it('a process does not end while somebody waits for a place or a token, and ends when nobody does; many who wait under one signal are no leak', () => {
  const output = execFileSync(process.execPath, [join(import.meta.dirname, 'fixtures/resilience/queues.mjs')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(output.split('\n')).toEqual([
    'lru-cache is loaded by the import: false',
    'in turn: 1,2,3',
    'by a limit without keys: false',
    'by one with keys: true',
    'sonde/bulkhead-full',
    '1 reason for 40: left',
    'warnings: ',
    'the end',
    '',
  ]);
});
