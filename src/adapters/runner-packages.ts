import { type IgnoreRule, ignorePackage } from '../handles/ignore.ts';
import type { LeakOptions } from '../handles/verdict.ts';

/** What the test runners themselves open while a test runs. */
const RUNNER: IgnoreRule = ignorePackage(
  'vitest',
  '@vitest/*',
  'tinypool',
  'birpc',
  'vite',
  'jest',
  'jest-*',
  '@jest/*',
  'playwright*',
  '@playwright/*',
  'node',
);

/** The options of a guard around a test of that name. */
export function testOptions(options: LeakOptions, name: string): LeakOptions {
  const own = options.ignore === undefined ? [] : typeof options.ignore === 'function' ? [options.ignore] : options.ignore;
  return { ...options, name, ignore: [RUNNER, ...own] };
}
