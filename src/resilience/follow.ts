import { isPlainPromise, keepExtras } from '../core/promises.ts';

/** Whether `value` has to be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

/**
 * Calls `run`, and one of the two when the call is over: at once for what returns, when it is settled for a promise. What it
 * returned or threw goes on to the caller. Any other thenable becomes a promise, and thereby begins.
 */
export function follow(run: () => unknown, onValue: (value: unknown) => void, onError: (error: unknown) => void): unknown {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    onError(error);
    throw error;
  }
  if (!isThenable(result)) {
    onValue(result);
    return result;
  }
  const followed = Promise.resolve(result).then(
    (value) => {
      onValue(value);
      return value;
    },
    (error: unknown) => {
      onError(error);
      throw error;
    },
  );
  if (isPlainPromise(result)) keepExtras(result, followed);
  return followed;
}
