import { clock, epochOffset } from '../../core/clock.ts';

/** A moment in any of the forms that the OpenTelemetry API takes. */
export type Moment = number | Date | readonly [seconds: number, nanoseconds: number];

/**
 * A moment as monotonic milliseconds. A number up to the monotonic clock's own reading is one of its readings
 * (`performance.now()`); a larger one is milliseconds since the Unix epoch.
 */
export function monoOf(time: Moment | undefined): number {
  const nowMono = clock.mono();
  if (time === undefined) return nowMono;
  if (typeof time === 'number') return Number.isFinite(time) && time > nowMono ? time - epochOffset() : Number.isFinite(time) ? time : nowMono;
  const epochMs = Array.isArray(time) ? time[0] * 1_000 + time[1] / 1_000_000 : time instanceof Date ? time.getTime() : Number.NaN;
  return Number.isFinite(epochMs) ? epochMs - epochOffset() : nowMono;
}

/** Monotonic milliseconds as milliseconds since the Unix epoch. */
export function epochOf(mono: number): number {
  return mono + epochOffset();
}
