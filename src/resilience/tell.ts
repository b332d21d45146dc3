import type { Attributes } from '../core/attributes.ts';
import { currentScope } from '../core/scope.ts';
import { reportOrPostpone } from './attempt.ts';

/** Writes an event on the running span. */
export function tell(event: string, attributes: Attributes): void {
  try {
    const { span } = currentScope();
    if (span?.isRecording()) span.addEvent(event, attributes);
  } catch {
    // Telemetry must not break the call it watches.
  }
}

/**
 * Gives a refusal its error ID and writes it on the running span; the error is the caller's to throw. Of an attempt that is
 * retried only the event is left.
 */
export function refusal<E extends Error>(error: E, event: string, attributes: Attributes): E {
  tell(event, attributes);
  reportOrPostpone(error, attributes);
  return error;
}
