import { writeSync } from 'node:fs';

const TRIES = 20; // a full pipe is waited for a few milliseconds at most: nobody may block on a reader that sleeps
const PAUSE_MS = 1;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes to standard error at once, without its stream: a stream tells a closed pipe as an `error` event, which would end
 * a program that does not listen. Where somebody has put a function in the place of `process.stderr.write` (a test runner,
 * a program that redirects) it is used. Answers whether everything was written; never throws.
 */
export function writeStderr(text: string): boolean {
  try {
    if (Object.hasOwn(process.stderr, 'write')) return process.stderr.write(text);
  } catch {
    return false; // a stream that cannot be opened, or a replacement that throws
  }
  let rest = Buffer.from(text);
  for (let tries = 0; rest.length > 0 && tries < TRIES; ) {
    try {
      rest = rest.subarray(writeSync(2, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false; // EPIPE, EBADF: there is nobody left to tell
      tries++;
      Atomics.wait(pause, 0, 0, PAUSE_MS);
    }
  }
  return rest.length === 0;
}
