import { coveringGuard, type LeakGuard, type LeakOptions, leakGuard } from '../handles/verdict.ts';
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
    await guards.get(nameOf(context))?.pop()?.verify();
  });
  after(() => file.verify());
}

/** Hooks of one test get different context objects; the name is what they share. */
function nameOf(context: unknown): string {
  const { fullName, name } = context as { fullName?: string; name: string };
  return fullName ?? name;
}
