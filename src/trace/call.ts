import { callAborted } from '../core/call-aborted.ts';
import { isCancellation } from '../core/cancelled.ts';
import { clock } from '../core/clock.ts';
import { errorType } from '../core/error-type.ts';
import { callFailed } from '../core/events.ts';
import type { CallResult, FunctionDef } from '../core/function-def.ts';
import { safeMessage } from '../core/json.ts';
import { scrub } from '../core/redact-text.ts';
import { crossBoundary } from './cross-boundary.ts';
import type { CallScope, Engine } from './engine/port.ts';

/** One call under way: everything that is needed to end it, at once or later. */
export interface OpenCall {
  readonly engine: Engine;
  readonly scope: CallScope;
  /** Absent for `span()`, which has no metrics. */
  readonly def: FunctionDef | undefined;
  readonly boundary: string | undefined;
}

/** Ends a call: its span, and its cell of the RED metrics. */
export function closeCall(engine: Engine, scope: CallScope, def: FunctionDef | undefined, result: CallResult, endMono: number = clock.mono()): void {
  try {
    if (def !== undefined) def.active--;
    // The span first: its end may decide that the trace is kept, and only a kept trace is an exemplar.
    engine.close(scope, endMono);
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
export function failCall(engine: Engine, scope: CallScope, def: FunctionDef | undefined, boundary: string | undefined, error: unknown): unknown {
  if (isCancellation(scope, error)) {
    scope.span?.setAttribute('sonde.cancelled', true);
    closeCall(engine, scope, def, 'cancelled');
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
  closeCall(engine, scope, def, 'error');
  return thrown;
}
