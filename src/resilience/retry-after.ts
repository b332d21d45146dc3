import { clock } from '../core/clock.ts';
import { definitionOf } from '../errors/definition.ts';
import { fieldOf } from '../errors/identity.ts';

const SECONDS = /^\d{1,9}$/;
const MAX_DATE = 40; // characters; an HTTP date has 29

/** The refusals of ours that say when they would not refuse. */
const OPEN = 'sonde/breaker-open';
const TIMED: readonly (string | undefined)[] = [OPEN, 'sonde/rate-limited'];

/** Whether it is an open breaker that refused: it is there so that nobody waits for what is down. */
export function isBreakerOpen(error: unknown): boolean {
  return definitionOf(error)?.code === OPEN;
}

/**
 * How long the one who refused asks to wait, in milliseconds: `retryAfterMs` in the data of a defined error (a breaker's, a
 * rate limit's), or the `Retry-After` header of the answer on the error. 0 where nobody says, `Infinity` where trying
 * again is of no use: a breaker that somebody holds open, more than a rate limit ever lets pass.
 */
export function retryAfterMs(error: unknown): number {
  const code = definitionOf(error)?.code;
  if (code !== undefined) {
    const ms = fieldOf(fieldOf(error, 'data'), 'retryAfterMs');
    if (typeof ms === 'number' && ms >= 0) return ms;
    if (TIMED.includes(code)) return Number.POSITIVE_INFINITY;
  }
  const header = headerOf(fieldOf(fieldOf(error, 'response'), 'headers')) ?? headerOf(fieldOf(error, 'headers'));
  return header === undefined ? 0 : parseRetryAfter(header);
}

/** Seconds or an HTTP date, as milliseconds from now; 0 for what is neither, and for what has passed. */
export function parseRetryAfter(text: string): number {
  const value = text.trim();
  if (SECONDS.test(value)) return Number(value) * 1_000;
  // What Date.parse takes for a date besides, such as "-5" or "1.5", is none: an HTTP date begins with its weekday.
  const atMs = value.length <= MAX_DATE && /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - clock.now());
}

/** The header of a `Headers` object, or of a plain one as Node, axios and got have it. */
function headerOf(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  try {
    const { get } = headers as { get?: unknown };
    const value: unknown =
      typeof get === 'function'
        ? get.call(headers, 'retry-after')
        : ((headers as Record<string, unknown>)['retry-after'] ?? (headers as Record<string, unknown>)['Retry-After']);
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
  } catch {
    return undefined; // somebody's getter
  }
}
