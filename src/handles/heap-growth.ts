import { constants, PerformanceObserver } from 'node:perf_hooks';
import { clock } from '../core/clock.ts';
import { take } from './growth.ts';
import type { TrendRule } from './trend.ts';

/** Megabytes after a full collection, for 45 minutes that had one, growing by 50 MB and by half. */
const BY_MINUTE: TrendRule = { minPoints: 45, minRise: 50, minRatio: 0.5 };
const BY_HOUR: TrendRule = { minPoints: 30, minRise: 50, minRatio: 0.5 };

/**
 * Watches the heap that is left after full collections: before one, garbage looks like growth. V8 collects fully when it
 * wants to; minutes without one are left out.
 */
export function watchHeapGrowth(): () => void {
  const observer = new PerformanceObserver((list) => {
    const full = list.getEntries().some((entry) => (entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR);
    if (full) take('heap', clock.mono(), process.memoryUsage().heapUsed / 1_048_576, 'heap', 'the heap', [BY_MINUTE, BY_HOUR]);
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}
