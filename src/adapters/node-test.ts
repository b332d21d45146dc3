import { AsyncResource } from 'node:async_hooks';
import { patchMethod } from '../handles/patches/patch.ts';
import { coveringGuard, type LeakGuard, type LeakOptions, runGuarded, testGuard } from '../handles/verdict.ts';
import { testOptions } from './runner-packages.ts';

/**
 * Fails each test of node:test that leaves something open, and the file where its hooks do.
 *
 * Shape: one line at the top of a test file: `await failOnLeaks()`. Tests that run side by side in one file are told apart; two of the same
 * name under the same parents are not, wrap those in {@link leakFree}. A test that failed already is looked at too.
 * Errors: the test fails with a `LeakError` that names the line that opened and the call that closes; the process exits with 1.
 */
export async function failOnLeaks(options: LeakOptions = {}): Promise<void> {
  const { after, afterEach, beforeEach } = await import('node:test');
  const file = coveringGuard(testOptions(options, 'the hooks of this file'));
  const guards = new Map<string, LeakGuard[]>();
  beforeEach((context) => {
    const name = nameOf(context);
    guards.set(name, [...(guards.get(name) ?? []), testGuard(testOptions(options, name))]);
  });
  const verifyFile = (): Promise<void> => {
    stop();
    return file.verify();
  };
  const stop = runInGuards(
    (context) => guards.get(nameOrNone(context))?.at(-1),
    (owner) => moveToEnd((owner as Root).hooks?.after, verifyFile),
  );
  afterEach(async (context) => {
    await guards.get(nameOf(context))?.pop()?.verify();
  });
  after(verifyFile);
}

/** The part of node:test's root that is looked at. It runs, as each test does, when all tests of the file are over. */
interface Root {
  readonly hooks?: { readonly after?: { readonly fn?: unknown }[] };
}

/** Hooks run in the order in which they were set: what those of the file close must be closed when we look. */
function moveToEnd(hooks: { readonly fn?: unknown }[] | undefined, fn: unknown): void {
  if (!Array.isArray(hooks)) return;
  const at = hooks.findIndex((hook) => hook?.fn === fn);
  if (at !== -1 && at < hooks.length - 1) hooks.push(...hooks.splice(at, 1));
}

/**
 * node:test has no hook around a test, but each test and each of its hooks is run by its own `AsyncResource`, with its context as an
 * argument: what runs there runs under the test's guard. Where a Node does it otherwise, only tests that run one after the other are told apart.
 */
function runInGuards(guardOf: (context: object) => LeakGuard | undefined, beforeRun: (owner: object) => void): () => void {
  return patchMethod(AsyncResource.prototype, 'runInAsyncScope', (original) => {
    function runInAsyncScope(this: AsyncResource, fn: (...args: unknown[]) => unknown, ...rest: unknown[]): unknown {
      beforeRun(this);
      const context = rest.find((each) => (each as object | undefined)?.constructor?.name === 'TestContext');
      const guard = context === undefined ? undefined : guardOf(context as object);
      const inside = guard
        ? function (this: unknown, ...args: unknown[]): unknown {
            return guard.run(() => Reflect.apply(fn, this, args) as unknown);
          }
        : fn;
      return Reflect.apply(original, this, [inside, ...rest]);
    }
    return runInAsyncScope as typeof original;
  });
}

/**
 * Wraps a test function: what it opens must be closed when it ends. Tests wrapped so can run side by side.
 *
 * Errors: as {@link failOnLeaks}; a failed test's handles no longer hold the process (with {@link failOnLeaks}: once the file is done).
 */
export function leakFree<A extends unknown[]>(fn: (...args: A) => unknown, options: LeakOptions = {}): (...args: A) => Promise<void> {
  return runGuarded(fn, options, testGuard);
}

/** Hooks of one test get different context objects; the name is what they share. */
function nameOf(context: unknown): string {
  const { fullName, name } = context as { fullName?: string; name: string };
  return fullName ?? name;
}

/** The file itself has a context too, whose name Node 20 throws on. */
function nameOrNone(context: unknown): string {
  try {
    return nameOf(context);
  } catch {
    return '';
  }
}
