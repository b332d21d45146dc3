import { cleanJson, cleanLine } from './clean.ts';

/** A value of a record on one line. */
export function showValue(value: unknown): string {
  return typeof value === 'string' ? cleanLine(value) : cleanJson(value ?? null);
}

/** Values as `key=value`, quoted where a space would blur them. */
export function showPairs(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([key, value]) => {
      const text = typeof value === 'string' && /^[^\s"=]+$/.test(value) ? cleanLine(value) : cleanJson(value ?? null);
      return `${cleanLine(key)}=${text}`;
    })
    .join(' ');
}

/** RFC 3339, UTC, milliseconds. */
export function showTime(timeMs: number): string {
  return Number.isFinite(timeMs) && Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : 'no time';
}
