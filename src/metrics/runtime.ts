import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import v8 from 'node:v8';
import type { HistogramCell } from './cells.ts';
import type { Family } from './family.ts';
import { defineHistogram } from './histogram.ts';
import { defineReading, type Reading } from './registry.ts';

/** How often the loop's delay is looked at, ms: the conventions' usual value; each look costs about a microsecond. */
const DELAY_RESOLUTION_MS = 10;
const NS = 1e-9;
const MS = 1e-3;

/** GC kinds of `perf_hooks` under the names of OpenTelemetry's conventions. */
const GC_KINDS: Readonly<Record<number, string>> = { 1: 'minor', 2: 'minor', 4: 'major', 8: 'incremental', 16: 'weakcb' };
/** Seconds, as the conventions advise for `v8js.gc.duration`. */
const GC_BUCKETS = [0.01, 0.1, 1, 10];

/** Begins to watch the event loop, the garbage collector and the heap, under OpenTelemetry's names. Returns what ends it. */
export function watchRuntime(): () => void {
  const stops = [watchDelay(), watchUtilisation(), watchGc(), watchHeap()];
  return () => {
    for (const stop of stops) stop();
  };
}

function watchDelay(): () => void {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  delay.enable();
  const stats: Record<string, () => number> = {
    min: () => (delay.count === 0 ? 0 : delay.min),
    max: () => delay.max,
    mean: () => delay.mean,
    stddev: () => delay.stddev,
    p50: () => delay.percentile(50),
    p90: () => delay.percentile(90),
    p99: () => delay.percentile(99),
  };
  const stops = Object.entries(stats).map(([stat, read]) =>
    defineReading({ type: 'gauge', name: `nodejs_eventloop_delay_${stat}_seconds`, help: `Event loop delay, ${stat}` }, () => {
      const value = read() * NS;
      return [{ value: Number.isFinite(value) ? value : 0 }];
    }),
  );
  return () => {
    delay.disable();
    for (const stop of stops) stop();
  };
}

function watchUtilisation(): () => void {
  let former = performance.eventLoopUtilization();
  const stops = [
    defineReading({ type: 'gauge', name: 'nodejs_eventloop_utilization_ratio', help: 'Share of time the event loop was busy since the last scrape' }, () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, former);
      former = now;
      return [{ value: Number.isFinite(utilization) ? utilization : 0 }];
    }),
    defineReading(
      { type: 'counter', name: 'nodejs_eventloop_time_seconds_total', help: 'Time of the event loop by state', labels: ['nodejs_eventloop_state'] },
      () => {
        const { active, idle } = performance.eventLoopUtilization();
        return [
          { labels: { nodejs_eventloop_state: 'active' }, value: active * MS },
          { labels: { nodejs_eventloop_state: 'idle' }, value: idle * MS },
        ];
      },
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function watchGc(): () => void {
  const durations: Family<HistogramCell> = defineHistogram('v8js_gc_duration_seconds', {
    help: 'Garbage collections',
    labels: ['v8js_gc_type'],
    buckets: GC_BUCKETS,
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = (entry as unknown as { detail?: { kind?: number } }).detail?.kind ?? 0;
      durations.cell({ v8js_gc_type: GC_KINDS[kind] ?? 'other' }).observe(entry.duration * MS);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

function watchHeap(): () => void {
  type Space = ReturnType<typeof v8.getHeapSpaceStatistics>[number];
  const columns: [string, string, (space: Space) => number][] = [
    ['v8js_memory_heap_limit_bytes', 'Heap reserved', (space) => space.space_size],
    ['v8js_memory_heap_used_bytes', 'Heap in use', (space) => space.space_used_size],
    ['v8js_memory_heap_space_available_size_bytes', 'Heap available', (space) => space.space_available_size],
    ['v8js_memory_heap_space_physical_size_bytes', 'Heap committed', (space) => space.physical_space_size],
  ];
  const stops = columns.map(([name, help, read]) =>
    defineReading({ type: 'gauge', name, help: `${help}, by space`, labels: ['v8js_heap_space_name'] }, function* (): Iterable<Reading> {
      for (const space of v8.getHeapSpaceStatistics()) yield { labels: { v8js_heap_space_name: space.space_name }, value: read(space) };
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
