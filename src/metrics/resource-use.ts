import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import v8 from 'node:v8';
import { clock } from '../core/clock.ts';
import { outgoingSeconds } from '../core/outgoing.ts';
import type { HistogramCell } from './cells.ts';
import type { Family } from './family.ts';
import { allFamilies } from './registry.ts';

/** What a process has used of its resources at one moment; times and bytes since it began. */
export interface ResourceUse {
  /** Monotonic milliseconds. */
  readonly mono: number;
  readonly cpuSeconds: number;
  /** The event loop was busy, or had nothing to do. */
  readonly loopActiveSeconds: number;
  readonly loopIdleSeconds: number;
  /** The main thread was ready and waited for a processor; `undefined` where the system does not tell. */
  readonly runnableWaitSeconds: number | undefined;
  readonly gcSeconds: number;
  readonly heapUsedBytes: number;
  readonly heapLimitBytes: number;
  readonly rssBytes: number;
  /** What the process may use at most: its container's limit, else the machine's memory. */
  readonly memoryLimitBytes: number;
  /** Threads waited for a disk; `undefined` where the system does not tell. */
  readonly diskWaitSeconds: number | undefined;
  readonly diskBytes: number;
  /** Time that outgoing HTTP calls took, those under way included, summed over calls: divided by time, how many were under way. */
  readonly outgoingSeconds: number;
}

const TICKS = 100; // of a second: USER_HZ, fixed on every Linux that Node runs on
const BLKIO_TICKS = 39; // field 42 of proc(5), which counts from 1 and has two before the name's end

/** Looks at the process. */
export function resourceUse(): ResourceUse {
  const { user, system } = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const heap = v8.getHeapStatistics();
  const constrained = process.constrainedMemory?.() ?? 0;
  const io = text('/proc/self/io');
  const figure = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io ?? '')?.[1] ?? 0);
  return {
    mono: clock.mono(),
    cpuSeconds: (user + system) / 1e6,
    loopActiveSeconds: loop.active / 1_000,
    loopIdleSeconds: loop.idle / 1_000,
    runnableWaitSeconds: numberOf(text(`/proc/self/task/${process.pid}/schedstat`)?.split(' ')[1], 1e9),
    gcSeconds: sumOf('v8js_gc_duration_seconds'),
    heapUsedBytes: heap.used_heap_size,
    heapLimitBytes: heap.heap_size_limit,
    rssBytes: process.memoryUsage.rss(),
    // Without a limit libuv answers 0, or a number beyond every machine.
    memoryLimitBytes: constrained > 0 && constrained < 2 ** 50 ? constrained : totalmem(),
    diskWaitSeconds: blockedSeconds(text('/proc/self/stat')),
    diskBytes: figure('read_bytes') + figure('write_bytes'),
    outgoingSeconds: outgoingSeconds(),
  };
}

function sumOf(name: string): number {
  const family = allFamilies().find(({ shape }) => shape.name === name) as Family<HistogramCell> | undefined;
  return family?.cells.reduce((sum, cell) => sum + cell.sum, 0) ?? 0;
}

/** The name in `/proc/self/stat` may hold anything; the fields begin after its last bracket. */
function blockedSeconds(stat: string | undefined): number | undefined {
  return numberOf(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[BLKIO_TICKS], TICKS);
}

function numberOf(digits: string | undefined, divisor: number): number | undefined {
  const value = Number(digits);
  return digits === undefined || !Number.isFinite(value) ? undefined : value / divisor;
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
