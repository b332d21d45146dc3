import type { Scope } from './scope.ts';

const MAX_CAUSES = 8; // as deep as errors are wrapped in practice, and a bound for cycles

/**
 * Whether `error` says that a call was given up rather than that it failed: it is an `AbortError`, or it is (or was
 * caused by) the reason of the scope's aborted signal.
 */
export function isCancellation(scope: Scope, error: unknown): boolean {
  const signal = scope.limit?.isAsked === false ? undefined : scope.limit?.signal;
  const reason: unknown = signal?.aborted ? signal.reason : undefined;
  try {
    let link: unknown = error;
    for (let depth = 0; depth < MAX_CAUSES && link !== undefined && link !== null; depth++) {
      if (reason !== undefined && link === reason) return true;
      if (typeof link !== 'object') return false;
      if ((link as Error).name === 'AbortError') return true;
      link = (link as Error).cause;
    }
  } catch {
    // A getter of the error threw: it is an error of its own.
  }
  return false;
}
