import type { Lookup } from '../store/lookup.ts';

/**
 * Looks in the stack, and for an error or a trace that is not there (or where it cannot be reached) in the store of this
 * machine: an ID that a user was shown while the collector was down is here.
 */
export function withLocal(stack: Lookup, local: Lookup): Lookup {
  return {
    ...stack,
    error: (id) =>
      firstOf(
        () => stack.error(id),
        () => local.error(id),
      ),
    trace: (traceId, aroundMs) =>
      firstOf(
        () => stack.trace(traceId, aroundMs),
        () => local.trace(traceId, aroundMs),
      ),
    async close() {
      await Promise.all([stack.close(), local.close()]);
    },
  };
}

/** What the stack has, else what is here; where neither has it, the stack's failure counts. */
async function firstOf<T>(inStack: () => Promise<T | undefined>, here: () => Promise<T | undefined>): Promise<T | undefined> {
  let failure: unknown;
  try {
    const found = await inStack();
    if (found !== undefined) return found;
  } catch (error) {
    failure = error;
  }
  const found = await here().catch(() => undefined); // no store here is the usual case, and no news
  if (found === undefined && failure !== undefined) throw failure;
  return found;
}
