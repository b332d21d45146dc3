import type { FunctionDef } from '../core/function-def.ts';
import { type OpenLink, OpenList } from '../core/open-list.ts';
import type { Scope } from '../core/scope.ts';

/** The scope of an open span, and what its engine tells of it. */
export interface OpenScope extends Scope {
  readonly def?: FunctionDef | undefined;
  readonly startMono: number;
  readonly library?: { readonly name: string } | undefined;
}

/** A span that is open after the function that began it has returned. */
export class OpenSpan implements OpenLink {
  previous: OpenLink | undefined = undefined;
  next: OpenLink | undefined = undefined;
  readonly scope: OpenScope;
  /** The traced function; absent for `span()` and for spans of libraries. */
  readonly def: FunctionDef | undefined;

  constructor(scope: OpenScope, def: FunctionDef | undefined) {
    this.scope = scope;
    this.def = def;
  }
}

/**
 * Spans that are listed one by one, some 400 bytes each. They are held, because one whose promise nobody can settle any
 * more is just what is looked for; what is open beyond is only counted, and the oldest tell most.
 */
export const MAX_LISTED = 10_000;

const listed = new OpenList<OpenSpan>();
const BEYOND = new OpenSpan(undefined as never, undefined);
let beyond = 0;

/** Lists a span from the moment that it is known to outlive its function. A call that ends at once never comes here. */
export function listOpen(scope: OpenScope, def: FunctionDef | undefined): OpenSpan {
  if (listed.size >= MAX_LISTED) {
    beyond++;
    return BEYOND;
  }
  const open = new OpenSpan(scope, def);
  listed.add(open);
  return open;
}

/** To be called once for each one that was listed. */
export function unlistOpen(open: OpenSpan): void {
  if (open === BEYOND) beyond--;
  else listed.remove(open);
}

/** The oldest open spans, and how many there are. */
export function openSpans(limit: number): { readonly oldest: readonly OpenSpan[]; readonly count: number } {
  return { oldest: listed.oldest(limit), count: listed.size + beyond };
}
