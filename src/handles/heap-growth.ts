import { constants, PerformanceObserver } from 'node:perf_hooks';
import { clock } from '../core/clock.ts';
import { take } from './growth.ts';
import type { GrowthScale } from './growth-series.ts';

/** Megabytes after a full collection. As for handles; caches and compiled code fill a heap by tens of megabytes. */
export const HEAP_SCALES: readonly GrowthScale[] = [
  { everyMinutes: 1, keep: 120, rule: { minPoints: 60, minRise: 500, minRatio: 1 } },
  { everyMinutes: 10, keep: 72, rule: { minPoints: 36, minRise: 50, minRatio: 0.5 } },
  { everyMinutes: 60, keep: 72, rule: { minPoints: 30, minRise: 50, minRatio: 0.5 } },
];

/**
 * Watches the heap that is left after full collections: before one, garbage looks like growth. V8 collects fully when it
 * wants to; minutes without one are left out.
 */
export function watchHeapGrowth(): () => void {
  const observer = new PerformanceObserver((list) => {
    const full = list.getEntries().some((entry) => (entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR);
    if (full) take('heap', clock.mono(), process.memoryUsage().heapUsed / 1_048_576, 'heap', 'the heap', HEAP_SCALES);
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}
