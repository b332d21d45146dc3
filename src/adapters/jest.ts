import { createRequire } from 'node:module';
import { join } from 'node:path';
import { letGo } from '../handles/let-go.ts';
import { coveringGuard, LeakError, type LeakGuard, type LeakOptions, leakGuard } from '../handles/verdict.ts';
import { testOptions } from './runner-packages.ts';

/** What jest gives an environment, as far as it is used here. */
interface JestConfig {
  readonly projectConfig: { readonly rootDir: string; readonly testEnvironmentOptions?: { readonly sonde?: LeakOptions } };
}
interface JestTest {
  readonly name: string;
  readonly errors: unknown[];
}
interface JestEvent {
  readonly name: string;
  readonly test?: JestTest;
}
interface JestEnvironment {
  handleTestEvent?(event: JestEvent, state: unknown): unknown;
  teardown(): Promise<void>;
}
type EnvironmentClass = new (config: JestConfig, context: unknown) => JestEnvironment;

/**
 * A jest environment that fails each test that leaves something open, and says where it was opened.
 *
 * Shape: one line of jest's configuration: `testEnvironment: 'sonde/jest'`. It stands on `jest-environment-node`; options such as
 * `ignore` are given as `testEnvironmentOptions: { sonde: { ... } }`. A test that failed already is not looked at.
 * Errors: the leak is one of the test's errors; jest exits with 1.
 */
export default function SondeEnvironment(config: JestConfig, context: unknown): JestEnvironment {
  const options = config.projectConfig.testEnvironmentOptions?.sonde ?? {};
  // Outside of the test's sandbox, before jest copies the timers into it: what it copies is watched.
  const file = coveringGuard(testOptions(options, 'the hooks of this file'));
  const Base = baseClass(config.projectConfig.rootDir);
  return new (withLeakChecks(Base, file, options))(config, context);
}

/** The project's own copy: jest and its environment must be of one version. */
function baseClass(rootDir: string): EnvironmentClass {
  const require = createRequire(join(rootDir, 'package.json'));
  let path: string;
  try {
    path = require.resolve('jest-environment-node');
  } catch {
    path = createRequire(require.resolve('jest')).resolve('jest-environment-node');
  }
  return (require(path) as { TestEnvironment: EnvironmentClass }).TestEnvironment;
}

function withLeakChecks(Base: EnvironmentClass, file: LeakGuard, options: LeakOptions): EnvironmentClass {
  return class extends Base {
    #guard: LeakGuard | undefined;

    override async handleTestEvent(event: JestEvent, state: unknown): Promise<void> {
      await super.handleTestEvent?.(event, state);
      if (event.name === 'test_start') this.#guard = leakGuard(testOptions(options, event.test?.name ?? 'a test'));
      if (event.name === 'test_skip' || event.name === 'test_todo') this.#guard?.cancel();
      if (event.name === 'test_done' && event.test) await this.#verify(event.test);
      if (event.name === 'run_finish') await verify(file, (error) => failRun(state, error));
    }

    async #verify(test: JestTest): Promise<void> {
      if (test.errors.length > 0) this.#guard?.cancel();
      else if (this.#guard) await verify(this.#guard, (error) => test.errors.push(error));
    }

    override async teardown(): Promise<void> {
      file.cancel();
      await super.teardown();
    }
  };
}

async function verify(guard: LeakGuard, failed: (error: unknown) => void): Promise<void> {
  try {
    await guard.verify();
  } catch (error) {
    if (error instanceof LeakError) letGo(error.handles);
    failed(error);
  }
}

/** Errors outside of any test, as jest keeps them. */
function failRun(state: unknown, error: unknown): void {
  (state as { unhandledErrors?: unknown[] }).unhandledErrors?.push(error);
}
