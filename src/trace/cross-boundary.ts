import type { Scope } from '../core/scope.ts';
import { wrapAtBoundary } from '../errors/boundary-error.ts';

/** The error that a caller gets of a function at the edge of `boundary`: the module's own. Telemetry need not run for it. */
export function crossBoundary(boundary: string | undefined, error: unknown, scope?: Scope): unknown {
  if (boundary === undefined) return error;
  try {
    return wrapAtBoundary(boundary, error, scope);
  } catch {
    return error; // telemetry must not replace the program's failure by its own
  }
}
