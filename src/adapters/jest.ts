import { createRequire } from 'node:module';
import { join } from 'node:path';
import { coveringGuard, type LeakGuard, type LeakOptions, testGuard } from '../handles/verdict.ts';
import { testOptions } from './runner-packages.ts';

/** What jest gives an environment, as far as it is used here. */
interface JestConfig {
  readonly projectConfig: { readonly rootDir: string; readonly testEnvironmentOptions?: { readonly sonde?: LeakOptions } };
}
interface JestTest {
  readonly type?: 'test';
  readonly name: string;
  readonly errors: unknown[];
  fn?: TestFunction;
}
type TestFunction = (this: unknown, ...args: unknown[]) => unknown;
interface JestDescribe {
  readonly type: 'describeBlock';
  readonly children: readonly (JestTest | JestDescribe)[];
}
interface JestState {
  readonly rootDescribeBlock?: JestDescribe;
  /** Errors outside of any test. */
  readonly unhandledErrors?: unknown[];
}
interface JestEvent {
  readonly name: string;
  readonly test?: JestTest;
}
interface JestEnvironment {
  handleTestEvent?(event: JestEvent, state: JestState): unknown;
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
    /** Of the tests that run: `test.concurrent` makes them several. */
    readonly #guards = new Map<JestTest, LeakGuard>();

    override async handleTestEvent(event: JestEvent, state: JestState): Promise<void> {
      await super.handleTestEvent?.(event, state);
      const { name, test } = event;
      if (name === 'run_start') for (const each of testsIn(state.rootDescribeBlock)) runInGuard(each, () => this.#guardOf(each));
      else if (name === 'run_finish') await verify(file, state.unhandledErrors);
      else if (test && name === 'test_start') this.#guardOf(test);
      else if (test && (name === 'test_skip' || name === 'test_todo')) this.#take(test)?.cancel();
      else if (test && name === 'test_done') await this.#verify(test);
    }

    #guardOf(test: JestTest): LeakGuard {
      const guard = this.#guards.get(test) ?? testGuard(testOptions(options, test.name));
      this.#guards.set(test, guard);
      return guard;
    }

    #take(test: JestTest): LeakGuard | undefined {
      const guard = this.#guards.get(test);
      this.#guards.delete(test);
      return guard;
    }

    async #verify(test: JestTest): Promise<void> {
      const guard = this.#take(test);
      if (test.errors.length > 0) guard?.cancel();
      else await verify(guard, test.errors);
    }

    override async teardown(): Promise<void> {
      file.cancel();
      await super.teardown();
    }
  };
}

async function verify(guard: LeakGuard | undefined, errors: unknown[] | undefined): Promise<void> {
  try {
    await guard?.verify();
  } catch (error) {
    errors?.push(error);
  }
}

function* testsIn(block: JestDescribe | undefined): Generator<JestTest> {
  for (const child of block?.children ?? []) {
    if (child.type === 'describeBlock') yield* testsIn(child);
    else yield child;
  }
}

/**
 * Has the test's function run under its guard. Jest looks at its `length` to see whether it takes `done`, and at its kind to see whether it
 * is a generator function, which stays as it is: such tests are told apart by their time only.
 */
function runInGuard(test: JestTest, guardOf: () => LeakGuard): void {
  const { fn } = test;
  if (fn === undefined || fn.constructor.name.endsWith('GeneratorFunction')) return;
  const guarded: TestFunction = function (...args) {
    return guardOf().run(() => Reflect.apply(fn, this, args) as unknown);
  };
  test.fn = Object.defineProperty(guarded, 'length', { value: fn.length, configurable: true });
}
