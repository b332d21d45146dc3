import { writeSync } from 'node:fs';
import { pauseSync } from './pause.ts';

const PATIENCE_MS = 500; // a full pipe is waited for once so long: what stands here may be the only copy of a record
const PAUSE_MS = 1;
/** A reader that did not read in all that time is not waited for again until it does. */
let patient = true;
/** The last line was cut short: the next one begins anew. */
let torn = false;

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
  let rest = Buffer.from(torn ? `\n${text}` : text);
  const whole = rest.length;
  for (let waitedMs = 0; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(2, rest));
      patient = true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false; // EPIPE, EBADF: there is nobody left to tell
      if (!patient || waitedMs >= PATIENCE_MS) break;
      waitedMs += PAUSE_MS;
      pauseSync(PAUSE_MS);
    }
  }
  if (rest.length > 0) patient = false;
  torn = rest.length > 0 && (torn || rest.length < whole);
  return rest.length === 0;
}
