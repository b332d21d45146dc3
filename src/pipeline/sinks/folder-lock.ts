import { closeSync, openSync, statSync, unlinkSync } from 'node:fs';
import { pauseSync } from '../../core/pause.ts';

const WAIT_MS = 1_000; // what is done under it takes a millisecond or two; a starved machine some tens
const LOOK_MS = 5;
/** The one who holds it died. */
const STALE_MS = 2_000;

/**
 * Runs `fn` while nobody else, in this process or another, runs one under the same path. Blocks the thread for a second at
 * most; then `fn` runs all the same, since what it does must not stay undone for a lock.
 */
export function locked(path: string, fn: () => void): void {
  const isHeld = take(path);
  try {
    fn();
  } finally {
    if (isHeld) release(path);
  }
}

function take(path: string): boolean {
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    try {
      closeSync(openSync(path, 'wx', 0o600));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || waitedMs >= WAIT_MS) return false;
    }
    if (isStale(path)) release(path);
    else pauseSync(LOOK_MS);
  }
}

function isStale(path: string): boolean {
  try {
    return Math.abs(Date.now() - statSync(path).mtimeMs) > STALE_MS;
  } catch {
    return false; // released a moment ago
  }
}

function release(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was taken for one whose holder had died.
  }
}
