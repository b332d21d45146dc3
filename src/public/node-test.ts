/** `sonde/node-test`: re-exports only. */

export { failOnLeaks, leakFree } from '../adapters/node-test.ts';
export { type IgnoreRule, ignoreCurrent, ignoreOwner, ignorePackage, ignoreSite, ignoreType } from '../handles/ignore.ts';
export { LeakError, type LeakOptions, noLeaks } from '../handles/verdict.ts';
