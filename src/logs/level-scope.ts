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
  return wanted.user === undefined || (values !== undefined && (values['user.id'] === wanted.user || values['enduser.id'] === wanted.user));
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
