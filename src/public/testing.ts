/** `sonde/testing`: re-exports only. */
export type { HandleInfo } from '../handles/handle-info.ts';
export { DEFAULT_IGNORES, type IgnoreRule, ignoreCurrent, ignoreOwner, ignorePackage, ignoreSite, ignoreType } from '../handles/ignore.ts';
export { findLeaks, LeakError, type LeakGuard, type LeakOptions, type LeakVerdict, leakFree, leakGuard, noLeaks, verifyNoLeaks } from '../handles/verdict.ts';
export { type VerifyMainOptions, verifyMain } from '../handles/verify-main.ts';
export { type ManualClock, manualClock } from '../testing/manual-clock.ts';
export { type MatcherResult, type TelemetryMatchers, telemetryMatchers } from '../testing/matchers.ts';
export type { MetricValue } from '../testing/memory-metrics.ts';
export { type RecordedLog, type RecordedTelemetry, type RecordOptions, recordTelemetry } from '../testing/record-telemetry.ts';
