/** `sonde/node-test`: re-exports only. */
export { ignoreCurrent, ignoreOwner, ignorePackage, ignoreSite, type IgnoreRule, ignoreType } from '../handles/ignore.ts';
export { LeakError, type LeakOptions, noLeaks } from '../handles/verdict.ts';
export { failOnLeaks, leakFree } from '../adapters/node-test.ts';
