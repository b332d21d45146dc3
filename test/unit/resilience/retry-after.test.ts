import { afterEach, beforeEach, expect, it } from 'vitest';
import { defineError } from '../../../src/errors/define-error.ts';
import { parseRetryAfter, retryAfterMs } from '../../../src/resilience/retry-after.ts';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts';

let time: ManualClock;
beforeEach(() => {
  time = manualClock({ now: Date.UTC(2026, 0, 1, 12, 0, 0) });
});
afterEach(() => time.restore());

const Busy = defineError<{ readonly retryAfterMs?: unknown } | undefined>('retry-after-test/busy');

it.each([
  ['0', 0],
  ['120', 120_000],
  [' 7 ', 7_000],
  ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
  ['Thu, 01 Jan 2026 11:59:30 GMT', 0],
  ['-5', 0],
  ['1.5', 0],
  ['1e3', 0],
  ['soon', 0],
  ['', 0],
  ['9'.repeat(400), 0],
  [`Thu, 01 Jan 2026 12:00:30 GMT${' x'.repeat(10_000)}`, 0],
])('reads the header "%.40s"', (text, ms) => {
  expect(parseRetryAfter(text)).toBe(ms);
});

it.each<[string, unknown, number]>([
  ['the headers of a fetch answer', { response: { headers: new Headers({ 'Retry-After': '2' }) } }, 2_000],
  ['the headers that Node gives', { response: { headers: { 'retry-after': '2' } } }, 2_000],
  ['headers as they were sent', { headers: { 'Retry-After': 2 } }, 2_000],
  ['the headers of an answer without the header', { response: { headers: {} }, headers: new Headers() }, 0],
  ['the data of a defined error', new Busy('busy', { data: { retryAfterMs: 250 } }), 250],
  ['data that says nothing', new Busy('busy', { data: { retryAfterMs: '250' } }), 0],
  ['the data of another error', { data: { retryAfterMs: 250 } }, 0],
  [
    'a getter that throws',
    {
      get response() {
        throw new Error('no');
      },
      headers: {
        get() {
          throw new Error('no');
        },
      },
    },
    0,
  ],
  ['nothing', undefined, 0],
])('reads %s', (_what, error, ms) => {
  expect(retryAfterMs(error)).toBe(ms);
});
