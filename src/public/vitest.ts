/** `sonde/vitest`: re-exports only. */
export { ignoreCurrent, ignoreOwner, ignorePackage, ignoreSite, type IgnoreRule, ignoreType } from '../handles/ignore.ts';
export { LeakError, leakFree, type LeakOptions, noLeaks } from '../handles/verdict.ts';
export { failOnLeaks } from '../adapters/vitest.ts';
