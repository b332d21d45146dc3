import { coveringGuard, type LeakOptions, testGuard } from '../handles/verdict.ts';
import { testOptions } from './runner-packages.ts';

/**
 * Fails each vitest test that leaves something open, and the file where its hooks do.
 *
 * Shape: one line in a setup file (`setupFiles`), or at the top of a test file: `await failOnLeaks()`. Tests that run side by side in one
 * file (`it.concurrent`) are told apart. A test that failed already is not looked at.
 * Errors: the test fails with a `LeakError` that names the line that opened and the call that closes; vitest exits with 1.
 * Needs vitest 4.1 or later, whose `aroundEach` and `aroundAll` give a test and a file their scope.
 *
 * @example
 * typeof failOnLeaks === 'function';
 */
export async function failOnLeaks(options: LeakOptions = {}): Promise<void> {
  const { aroundAll, aroundEach } = await import('vitest');
  const file = coveringGuard(testOptions(options, 'the hooks of this file'));
  aroundEach(async (runTest, { task }) => {
    const guard = testGuard(testOptions(options, task.name));
    await guard.run(runTest);
    if (task.result?.state === 'fail') guard.cancel();
    else await guard.verify();
  });
  // Around the hooks of the file, in whatever order the project has them run.
  aroundAll(async (runFile) => {
    await runFile();
    await file.verify();
  });
}
