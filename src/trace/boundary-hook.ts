/** Makes the error that leaves a module of the one that came out of it; gives the same error back where it is its own. */
export type BoundaryHook = (boundary: string, error: unknown) => unknown;

let hook: BoundaryHook | undefined;

/** Joins `traced(..., { boundary })` with the errors layer; returns a function that undoes it. */
export function useBoundaryHook(next: BoundaryHook): () => void {
  const former = hook;
  hook = next;
  return () => {
    hook = former;
  };
}

/** The error that a caller of a function at the edge of `boundary` gets. */
export function crossBoundary(boundary: string | undefined, error: unknown): unknown {
  if (boundary === undefined || hook === undefined) return error;
  try {
    return hook(boundary, error);
  } catch {
    return error; // telemetry must not replace the program's failure by its own
  }
}
