/** `sonde/vitest`: re-exports only. */

export { failOnLeaks } from '../adapters/vitest.ts';
export { type IgnoreRule, ignoreCurrent, ignoreOwner, ignorePackage, ignoreSite, ignoreType } from '../handles/ignore.ts';
export { LeakError, type LeakOptions, leakFree, noLeaks } from '../handles/verdict.ts';
