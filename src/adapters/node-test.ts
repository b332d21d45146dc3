import { letGo } from '../handles/let-go.ts';
import { coveringGuard, LeakError, type LeakGuard, type LeakOptions, leakFree as leakFreeAnywhere, leakGuard } from '../handles/verdict.ts';
import { testOptions } from './runner-packages.ts';

/**
 * Fails each test of node:test that leaves something open, and the file where its hooks do.
 *
 * Shape: one line at the top of a test file: `await failOnLeaks()`. node:test has no hook around a test, so that tests which
 * run side by side in one file share what they leave open; wrap those in `leakFree` of `sonde/testing`, which tells them apart.
 * Errors: the test fails with a `LeakError` that names the line that opened and the call that closes; the process exits with 1.
 */
export async function failOnLeaks(options: LeakOptions = {}): Promise<void> {
  const { after, afterEach, beforeEach } = await import('node:test');
  const file = coveringGuard(testOptions(options, 'the hooks of this file'));
  const guards = new Map<string, LeakGuard[]>();
  beforeEach((context) => {
    const name = nameOf(context);
    guards.set(name, [...(guards.get(name) ?? []), leakGuard(testOptions(options, name))]);
  });
  afterEach(async (context) => {
    await verify(guards.get(nameOf(context))?.pop());
  });
  after(() => verify(file));
}

/**
 * Wraps a test function: what it opens must be closed when it ends. Tests wrapped so can run side by side.
 *
 * Errors: as {@link failOnLeaks}; a failed test's handles no longer hold the process.
 */
export function leakFree<A extends unknown[]>(fn: (...args: A) => unknown, options: LeakOptions = {}): (...args: A) => Promise<void> {
  const wrapped = leakFreeAnywhere(fn, options);
  return async (...args) => {
    try {
      await wrapped(...args);
    } catch (error) {
      if (error instanceof LeakError) letGo(error.handles);
      throw error;
    }
  };
}

/** node:test waits for the process to end: what was reported as left open must not hold it for ever. */
async function verify(guard: LeakGuard | undefined): Promise<void> {
  try {
    await guard?.verify();
  } catch (error) {
    if (error instanceof LeakError) letGo(error.handles);
    throw error;
  }
}

/** Hooks of one test get different context objects; the name is what they share. */
function nameOf(context: unknown): string {
  const { fullName, name } = context as { fullName?: string; name: string };
  return fullName ?? name;
}
