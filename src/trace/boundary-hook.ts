import type { Scope } from '../core/scope.ts';
import { wrapAtBoundary } from '../errors/boundary-error.ts';

/** Makes the error that leaves a module of the one that came out of it; gives the same error back where it is its own. */
export type BoundaryHook = (boundary: string, error: unknown, scope?: Scope) => unknown;

// Which error leaves a module does not depend on whether telemetry was started.
let hook: BoundaryHook = wrapAtBoundary;

/** Puts another hook in place; returns a function that undoes it. */
export function useBoundaryHook(next: BoundaryHook): () => void {
  const former = hook;
  hook = next;
  return () => {
    hook = former;
  };
}

/** The error that a caller of a function at the edge of `boundary` gets. */
export function crossBoundary(boundary: string | undefined, error: unknown, scope?: Scope): unknown {
  if (boundary === undefined) return error;
  try {
    return hook(boundary, error, scope);
  } catch {
    return error; // telemetry must not replace the program's failure by its own
  }
}
