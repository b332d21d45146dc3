// The measuring side of a benchmark: runs in the child process of one variant.
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

// Operations between two turns of the event loop, as a server has them: exporters and batchers get their chance.
const OPS_PER_TURN = 200;
// Operations after which a variant hands out what it holds (2,048 is the queue of OpenTelemetry's batch processor).
const OPS_PER_SETTLE = 2_000;
// Operations between two readings of the heap: few enough for the young generation to hold what they allocate.
const OPS_PER_BATCH = 200;

/** CPU microseconds of the main thread. Linux tells them per thread; elsewhere, before Node 24, those of the process stand in. */
export const mainThreadCpu = (() => {
  if (typeof process.threadCpuUsage === 'function') {
    return () => {
      const { user, system } = process.threadCpuUsage();
      return user + system;
    };
  }
  const path = `/proc/self/task/${process.pid}/schedstat`;
  try {
    readFileSync(path);
    const pause = new Int32Array(new SharedArrayBuffer(4));
    return () => {
      // The kernel adds up a running thread's time at its ticks, 1 to 4 ms apart; when the thread sleeps, it does so at once.
      Atomics.wait(pause, 0, 0, 1);
      return Number(readFileSync(path, 'utf8').split(' ')[0]) / 1_000;
    };
  } catch {
    return processCpu;
  }
})();

export function processCpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** CPU (main thread, whole process) and wall time that `work` takes. */
export async function timed(work) {
  const [main, all, wall] = [mainThreadCpu(), processCpu(), performance.now()];
  await work();
  const wallMs = performance.now() - wall;
  return { mainUs: mainThreadCpu() - main, processUs: processCpu() - all, wallMs };
}

/** Runs `op` `count` times, within the span of the variant where it has one. */
const repeat = (variant, count) => (variant.within ? variant.within(() => loop(variant, count)) : loop(variant, count));

/** What an asynchronous operation returns is awaited. */
async function loop({ op, asynchronous, settle }, count) {
  for (let done = 0; done < count; ) {
    const end = Math.min(count, done + OPS_PER_TURN);
    if (asynchronous) for (; done < end; done++) await op(done);
    else for (; done < end; done++) op(done);
    await nextTurn();
    if (settle && done % OPS_PER_SETTLE === 0) await settle();
  }
}

/**
 * A round: CPU microseconds an operation, main thread and process. A variant whose work goes on elsewhere (a worker)
 * is waited for when the round is over; what that takes is in the figure of the process, not in that of the main thread.
 */
export async function cpuRound(variant, count) {
  const all = processCpu();
  const { mainUs } = await timed(() => repeat(variant, count));
  await variant.drain?.();
  return { main: mainUs / count, process: (processCpu() - all) / count };
}

/** How many operations take about `ms` milliseconds of the main thread; warms the variant up on the way. */
export async function calibrate(variant, ms) {
  const limit = variant.opsPerRound ?? 2 ** 26;
  for (let count = Math.min(OPS_PER_SETTLE, limit), spentMs = 0; ; count = Math.min(count * 2, limit)) {
    const { mainUs } = await timed(() => repeat(variant, count));
    await variant.drain?.();
    spentMs += mainUs / 1_000;
    // Code is compiled in several steps: a variant with short rounds is warmed up for as long as the others.
    if (spentMs < ms) continue;
    return Math.min(limit, Math.max(OPS_PER_SETTLE, Math.round((count * ms * 1_000) / Math.max(mainUs, 1) / OPS_PER_SETTLE) * OPS_PER_SETTLE));
  }
}

/** Bytes that one operation allocates on the heap: the median of small batches between which the heap is collected. */
export async function allocated({ op, asynchronous, within = (run) => run(), opsPerBatch = 1 }, batches = 21) {
  const count = Math.ceil(OPS_PER_BATCH / opsPerBatch) * opsPerBatch; // whole groups of operations that go together
  const samples = [];
  await within(async () => {
    for (let batch = 0; batch < batches; batch++) {
      globalThis.gc?.();
      const before = process.memoryUsage();
      if (asynchronous) for (let i = 0; i < count; i++) await op(i);
      else for (let i = 0; i < count; i++) op(i);
      const after = process.memoryUsage();
      samples.push((after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / count);
      await nextTurn();
    }
  });
  return median(samples);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value below which a share of the values lies. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
