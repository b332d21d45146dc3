import { callAborted } from '../core/call-aborted.ts';
import { isCancellation } from '../core/cancelled.ts';
import { clock } from '../core/clock.ts';
import { errorType } from '../core/error-type.ts';
import { callFailed } from '../core/events.ts';
import type { CallResult, FunctionDef } from '../core/function-def.ts';
import { safeMessage } from '../core/json.ts';
import { scrub } from '../core/redact-text.ts';
import { crossBoundary } from './cross-boundary.ts';
import type { CallScope } from './engine/port.ts';

/** One call under way: everything that is needed to end it, at once or later. */
export interface OpenCall {
  readonly scope: CallScope;
  readonly boundary: string | undefined;
}

/** Ends a call: its span, and its cell of the RED metrics. */
export function closeCall(scope: CallScope, result: CallResult, endMono: number = clock.mono()): void {
  try {
    const { def } = scope;
    if (def !== undefined) def.active--;
    // The span first: its end may decide that the trace is kept, and only a kept trace is an exemplar.
    scope.finish(endMono);
    if (def !== undefined) {
      def.cell?.observe(endMono - scope.startMono, result, scope.caller, scope);
      if (scope.limit !== undefined && scope.limit.abortedMono !== undefined) noteAbort(scope, def, result, endMono, scope.limit.abortedMono);
    }
  } catch {
    // Telemetry must not break the call it watches.
  }
}

function noteAbort(scope: CallScope, def: FunctionDef, result: CallResult, endMono: number, abortedMono: number): void {
  // A call that began after the abort was not under way when it came.
  if (scope.startMono <= abortedMono && callAborted.active) callAborted.publish({ def, latencyMs: endMono - abortedMono, result });
}

/**
 * Ends a call that threw or rejected. Returns what its caller shall get: the error itself, or the one that the call's
 * boundary makes of it.
 */
export function failCall(scope: CallScope, boundary: string | undefined, error: unknown): unknown {
  if (isCancellation(scope, error)) {
    scope.span?.setAttribute('sonde.cancelled', true);
    closeCall(scope, 'cancelled');
    return error;
  }
  const thrown = crossBoundary(boundary, error, scope);
  try {
    scope.span?.setAttribute('error.type', errorType(thrown));
    scope.span?.setStatus({ code: 2, message: scrub(safeMessage(thrown)) });
    if (callFailed.active) callFailed.publish({ error: thrown, scope });
  } catch {
    // As above.
  }
  closeCall(scope, 'error');
  return thrown;
}
