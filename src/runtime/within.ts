import { clock } from '../core/clock.ts';
import { Latch } from '../core/latch.ts';

/** Waits for `work` at most `limitMs`; answers whether it was done in time. A failure of it counts as done: it will not go on. */
export async function within(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const over = new Latch<boolean>();
  const timer = clock.setTimeout(() => over.release(false), limitMs);
  const done = work.then(
    () => true,
    () => true,
  );
  const isInTime = await Promise.race([done, over.promise]);
  clock.clearTimeout(timer);
  return isInTime;
}
