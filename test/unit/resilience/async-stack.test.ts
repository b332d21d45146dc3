import { expect, it } from 'vitest';
import { breaker } from '../../../src/resilience/breaker.ts';
import { bulkhead } from '../../../src/resilience/bulkhead.ts';
import { cached } from '../../../src/resilience/cached.ts';
import { fallback } from '../../../src/resilience/fallback.ts';
import { hedge } from '../../../src/resilience/hedge.ts';
import { rateLimit } from '../../../src/resilience/rate-limit.ts';
import { retry } from '../../../src/resilience/retry.ts';
import { timeout } from '../../../src/resilience/timeout.ts';

it.each([
  ['breaker', breaker()],
  ['bulkhead', bulkhead()],
  ['cached', cached()],
  ['fallback', fallback({ to: null, on: () => false })],
  ['hedge', hedge()],
  ['rateLimit', rateLimit({ rate: 10 })],
  ['retry', retry({ attempts: 1 })],
  ['timeout', timeout('10s')],
])('the stack of a failure below %s goes on with who called', async (_, wrapper) => {
  const failing = wrapper(async () => {
    await null;
    throw new Error('no answer');
  });
  const theCaller = async (): Promise<void> => {
    await failing();
  };
  const error = (await theCaller().catch((caught: unknown) => caught)) as Error;
  expect(error.message).toBe('no answer');
  expect(error.stack).toContain('theCaller');
});
