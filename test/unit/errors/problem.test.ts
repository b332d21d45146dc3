import { expect, it } from 'vitest';
import { defineError } from '../../../src/errors/define-error.ts';
import { problem } from '../../../src/errors/problem.ts';
import { recordEach } from '../record-each.ts';

recordEach();

const [Busy, Limited, Gone] = [503, 429, 410].map((status) => defineError<{ retryAfterMs?: unknown }>(`test/retry-after-${status}`, { status }));

it.each([
  [Busy, 0, '1'],
  [Busy, 1, '1'],
  [Limited, 1_000, '1'],
  [Limited, 1_000.1, '2'],
  [Limited, 3_600_000, '3600'],
  [Gone, 1_000, undefined],
  [Limited, undefined, undefined],
  [Limited, Number.POSITIVE_INFINITY, undefined],
  [Limited, Number.NaN, undefined],
  [Limited, -1, undefined],
  [Limited, '1000', undefined],
])('Retry-After %#: %o in %j ms is %j', (Class, retryAfterMs, header) => {
  const { headers } = problem(new (Class as typeof Busy & {})('busy', { data: { retryAfterMs } }));
  expect(headers['Retry-After']).toBe(header);
  expect('Retry-After' in headers).toBe(header !== undefined);
});

it('says nothing of when to come again for an error that nobody defined', () => {
  expect(problem(Object.assign(new Error('busy'), { status: 429, data: { retryAfterMs: 1_000 } }), { status: 429 }).headers).not.toHaveProperty('Retry-After');
});
