/** `sonde/testing`: re-exports only. */
export type { HandleInfo } from '../handles/handle-info.ts';
export { DEFAULT_IGNORES, type IgnoreRule, ignoreCurrent, ignoreOwner, ignorePackage, ignoreSite, ignoreType } from '../handles/ignore.ts';
export { findLeaks, LeakError, type LeakGuard, leakGuard, type LeakOptions, type LeakVerdict, noLeaks, verifyNoLeaks } from '../handles/verdict.ts';
export { verifyMain, type VerifyMainOptions } from '../handles/verify-main.ts';
