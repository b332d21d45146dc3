import type { FunctionDef } from '../core/function-def.ts';
import type { Scope } from '../core/scope.ts';

/** The scope of an open span, and what its engine tells of it. */
export interface OpenScope extends Scope {
  /** The traced function; absent for `span()`, which has no metrics, and for spans of libraries. */
  readonly def: FunctionDef | undefined;
  /** Monotonic milliseconds. */
  readonly startMono: number;
  readonly library?: { readonly name: string } | undefined;
  /** Its place among the listed ones; {@link NOT_LISTED} at first. This file alone changes it. */
  openAt: number;
}

/**
 * Spans that are listed one by one. They are held, because one whose promise nobody can settle any more is just what is
 * looked for; what is open beyond is only counted, and the oldest tell most.
 */
export const MAX_LISTED = 10_000;
/** The place of a span that is not open beyond its function's return. */
export const NOT_LISTED = -1;
const BEYOND = -2;

/** A place holds the scope that is open there, or the number of the free place after it: to list one allocates nothing. */
const places: (OpenScope | number)[] = [];
let nextFree = 0;
let listed = 0;
let beyond = 0;

/** Lists a span from the moment that it is known to outlive its function. A call that ends at once never comes here. */
export function listOpen(scope: OpenScope): void {
  if (listed >= MAX_LISTED) {
    beyond++;
    scope.openAt = BEYOND;
    return;
  }
  const at = nextFree;
  nextFree = at === places.length ? at + 1 : (places[at] as number);
  places[at] = scope;
  scope.openAt = at;
  listed++;
}

/** Takes a span out that is listed; any other one stays as it is. */
export function unlistOpen(scope: OpenScope): void {
  const at = scope.openAt;
  if (at === NOT_LISTED) return;
  scope.openAt = NOT_LISTED;
  if (at === BEYOND) {
    beyond--;
    return;
  }
  places[at] = nextFree;
  nextFree = at;
  listed--;
}

/** The oldest open spans, and how many there are. */
export function openSpans(limit: number): { readonly oldest: readonly OpenScope[]; readonly count: number } {
  const oldest = places.filter((place) => typeof place === 'object').sort((one, other) => one.startMono - other.startMono);
  return { oldest: oldest.slice(0, limit), count: listed + beyond };
}
