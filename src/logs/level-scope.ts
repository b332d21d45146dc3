import type { EndedSpan } from '../core/ended-span.ts';
import type { Scope } from '../core/scope.ts';

/** Which contexts a lease holds for; where several are given, all must match. */
export interface LevelScope {
  /** Trace ID, 32 hex digits. */
  readonly trace?: string | undefined;
  /** Route template, such as `/orders/:id`: the bound value `http.route`. */
  readonly route?: string | undefined;
  /** The bound value `user.id` (or `enduser.id`). */
  readonly user?: string | undefined;
}

/** The first 32 bits of a trace ID, as our engine's spans hold it. */
export function firstWord(traceId: string | undefined): number {
  return traceId === undefined ? 0 : Number.parseInt(traceId.slice(0, 8), 16) | 0;
}

/** Whether the running context is one that `wanted` means. Called for lines that are disabled elsewhere: a few loads. */
export function inScope(wanted: LevelScope, wantedWord: number, { span, values }: Scope): boolean {
  if (wanted.trace !== undefined) {
    if (span === undefined) return false;
    const { trace } = span as Partial<EndedSpan>;
    // The number is compared before any text is made.
    if (trace !== undefined && (trace.t0 | 0) !== wantedWord) return false;
    if (span.spanContext().traceId !== wanted.trace) return false;
  }
  if (wanted.route !== undefined && values?.['http.route'] !== wanted.route) return false;
  return wanted.user === undefined || (values !== undefined && (isText(values['user.id'], wanted.user) || isText(values['enduser.id'], wanted.user)));
}

/** Who asks for a user by a URL or a command has only text; a program may bind a number. */
function isText(value: unknown, text: string): boolean {
  return value === text || (typeof value === 'number' && String(value) === text);
}

/** A scope as it is kept; throws `RangeError` where it can never match, or would match everything. */
export function checkedScope({ trace, route, user }: LevelScope): LevelScope {
  const asked = Object.entries({ trace, route, user }).filter(([, value]) => value !== undefined);
  if (asked.length === 0) throw new RangeError('its scope names no trace, route or user');
  for (const [key, value] of asked)
    if (typeof value !== 'string' || value === '') throw new RangeError(`the ${key} of its scope is ${JSON.stringify(value) ?? typeof value}, expected text`);
  if (trace !== undefined && !/^[0-9a-f]{32}$/i.test(trace)) throw new RangeError(`the trace of its scope is "${trace}", expected 32 hexadecimal digits`);
  return { trace: trace?.toLowerCase(), route, user };
}

/** Whether two scopes mean the same contexts. */
export function sameScope(a: LevelScope, b: LevelScope): boolean {
  return a.trace === b.trace && a.route === b.route && a.user === b.user;
}

/** For people: `trace 0af7…, route /orders/:id`. */
export function scopeText(scope: LevelScope): string {
  return (['trace', 'route', 'user'] as const)
    .filter((key) => scope[key] !== undefined)
    .map((key) => `${key} ${scope[key]}`)
    .join(', ');
}
