import { clock, holdProcess } from '../core/clock.ts';
import { onAbort } from '../core/on-abort.ts';

/**
 * Waits, in milliseconds; rejects with the signal's reason when that aborts. The process does not end meanwhile, since
 * somebody waits for what comes after.
 */
export function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = clock.setTimeout(() => {
      stop?.();
      resolve();
    }, ms);
    holdProcess(timer);
    const stop =
      signal &&
      onAbort(signal, () => {
        clock.clearTimeout(timer);
        reject(signal.reason);
      });
  });
}
