/** The request header that carries the milliseconds left when the request was sent. */
export const DEADLINE_HEADER = 'x-request-timeout-ms';

const MAX_HEADER_MS = 86_400_000; // a day: a longer promise is no deadline, and timers end at 24.8 days
const PATTERN = /^\d{1,15}(?:\.\d{1,6})?$/;

/**
 * Reads the header: milliseconds, at most a day; `undefined` where it is malformed or negative.
 * A repeated header arrives joined by commas and is malformed.
 */
export function readDeadlineHeader(text: string | readonly string[]): number | undefined {
  if (typeof text !== 'string') return undefined;
  const trimmed = text.trim();
  return PATTERN.test(trimmed) ? Math.min(Number(trimmed), MAX_HEADER_MS) : undefined;
}

/** Writes the header's value: whole milliseconds, rounded down, not below 0. */
export function formatDeadlineHeader(leftMs: number): string {
  return String(Math.min(MAX_HEADER_MS, Math.max(0, Math.floor(leftMs))));
}
