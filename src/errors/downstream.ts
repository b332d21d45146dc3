import { clock } from '../core/clock.ts';
import { downstreamFailed } from '../core/events.ts';
import { parseErrorId } from './error-id.ts';
import { fieldOf } from './identity.ts';

const MAX_TRACES = 500; // that had a failing answer within the time; the oldest is forgotten
const KEPT_MS = 60_000; // a request that fails a minute after the answer fails of something else

/** The last error ID that another service answered, by trace. */
const answers = new Map<string, { readonly id: string; readonly untilMono: number }>();

/** Listens for failing answers of other services; returns what ends it. */
export function watchDownstream(): () => void {
  return downstreamFailed.subscribe(({ traceId, errorId }) => {
    const parsed = parseErrorId(errorId);
    if (!parsed.ok) return;
    answers.delete(traceId);
    if (answers.size >= MAX_TRACES) answers.delete(answers.keys().next().value as string);
    answers.set(traceId, { id: parsed.id, untilMono: clock.mono() + KEPT_MS });
  });
}

/**
 * The ID that another service gave this failure: an `errorId` on the error or one of its causes, else the one that the
 * last failing answer of this trace had.
 */
export function downstreamId(causes: readonly unknown[], traceId: string | undefined, ownId: string): string | undefined {
  for (const cause of causes) {
    const id = fieldOf(cause, 'errorId');
    const parsed = typeof id === 'string' ? parseErrorId(id) : undefined;
    if (parsed?.ok && parsed.id !== ownId) return parsed.id;
  }
  const answer = traceId === undefined ? undefined : answers.get(traceId);
  return answer !== undefined && answer.untilMono > clock.mono() && answer.id !== ownId ? answer.id : undefined;
}
