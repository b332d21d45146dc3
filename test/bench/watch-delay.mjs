import { readFileSync } from 'node:fs';

/** Milliseconds that this thread was on a processor, as Linux tells them when it sleeps; elsewhere time itself. */
function ranMs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

/**
 * Watches a timer of 1 ms. How late it is, but at most what this thread ran meanwhile, is what the program itself kept the
 * event loop busy with: what other programs took of the machine, and the waiting for threads that had no processor, is not in it.
 */
export function watchDelay() {
  const own = [];
  const seen = [];
  let last = performance.now();
  let ran = ranMs();
  const timer = setInterval(() => {
    const now = performance.now();
    const ranNow = ranMs();
    const late = Math.max(0, now - last - 1);
    seen.push(late);
    own.push(Math.min(late, ranNow - ran));
    last = now;
    ran = ranNow;
  }, 1);
  return () => {
    clearInterval(timer);
    return { own, seen };
  };
}
