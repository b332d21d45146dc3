const UNITS = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A unit of {@link Duration}: microseconds, milliseconds, seconds, minutes, hours, days. */
export type DurationUnit = keyof typeof UNITS;

/**
 * A length of time with its unit, such as `'250ms'`, `'2s'` or `'1.5h'`.
 *
 * Shape: a string; a bare number does not compile, because a number without a unit is a bug.
 */
export type Duration = `${number}${DurationUnit}`;

const PATTERN = /^(\d{1,15}(?:\.\d{1,9})?)(us|ms|s|m|h|d)$/;

/**
 * Reads a duration as milliseconds, or `undefined` where the text is no duration.
 *
 * @example
 * tryDurationMs('1.5s') === 1500;
 */
export function tryDurationMs(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  const match = PATTERN.exec(text.trim());
  return match ? Number(match[1]) * UNITS[match[2] as DurationUnit] : undefined;
}

/**
 * Reads a duration as milliseconds.
 *
 * Units: the result is in milliseconds.
 * Errors: throws `RangeError` naming `subject` where the text is no duration.
 *
 * @example
 * durationMs('250ms') === 250;
 */
export function durationMs(duration: Duration, subject = 'duration'): number {
  const ms = tryDurationMs(duration);
  if (ms === undefined) {
    throw new RangeError(`Cannot use "${String(duration)}" as ${subject}: expected a number with a unit, such as "250ms", "2s" or "1h"`);
  }
  return ms;
}

/**
 * Prints milliseconds for people, with three significant digits and the unit that fits.
 *
 * @example
 * formatMs(1532) === '1.53s';
 */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return String(ms);
  const size = Math.abs(ms);
  if (size === 0) return '0ms';
  if (size < 1) return `${trim(ms * 1_000)}us`;
  if (size < 1_000) return `${trim(ms)}ms`;
  if (size < 60_000) return `${trim(ms / 1_000)}s`;
  if (size < 3_600_000) return `${trim(ms / 60_000)}m`;
  if (size < 86_400_000) return `${trim(ms / 3_600_000)}h`;
  return `${trim(ms / 86_400_000)}d`;
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}
