import type { Sample } from './exposition.ts';
import type { Bottleneck, Snapshot } from './snapshot.ts';

/** What a function did in a while. */
export interface FunctionFigures {
  readonly name: string;
  readonly callsPerSecond: number;
  readonly failuresPerSecond: number;
  readonly meanMs: number;
  /** Calls under way on average: the seconds spent in it, a second. */
  readonly underWay: number;
}

/** What a process did between two snapshots. */
export interface Figures {
  readonly service: string;
  readonly pid: number;
  readonly seconds: number;
  /** Share of the time that the event loop was busy. */
  readonly loopBusy: number;
  readonly loopDelayP99Ms: number;
  /** Share of the time that went to collecting garbage. */
  readonly gcShare: number;
  /** Seconds of processor a second: cores that it used. */
  readonly cpuCores: number;
  /** Share of the time that it was ready to run and no processor was free. */
  readonly processorWait: number;
  /** Bytes a second. */
  readonly diskRead: number;
  readonly diskWritten: number;
  readonly networkReceived: number;
  readonly networkSent: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly callsUnderWay: number;
  readonly bottleneck: Bottleneck | undefined;
  readonly functions: readonly FunctionFigures[];
}

/** The difference of two snapshots of one process. */
export function figuresBetween(before: Snapshot, after: Snapshot): Figures {
  const seconds = Math.max((after.atMs - before.atMs) / 1_000, 0.001);
  const active = difference(before, after, 'nodejs_eventloop_time_seconds_total', (labels) => labels['nodejs_eventloop_state'] === 'active');
  const idle = difference(before, after, 'nodejs_eventloop_time_seconds_total', (labels) => labels['nodejs_eventloop_state'] === 'idle');
  const functions = functionFigures(before, after, seconds);
  const rate = (name: string, label?: string, value?: string): number =>
    difference(before, after, name, label === undefined ? undefined : (labels) => labels[label] === value) / seconds;
  return {
    service: after.service,
    pid: after.pid,
    seconds,
    loopBusy: active + idle > 0 ? active / (active + idle) : 0,
    loopDelayP99Ms: sum(after.samples, 'nodejs_eventloop_delay_p99_seconds') * 1_000,
    gcShare: difference(before, after, 'v8js_gc_duration_seconds_sum') / seconds,
    cpuCores: rate('process_cpu_seconds_total'),
    processorWait: rate('process_runnable_wait_seconds_total'),
    diskRead: rate('process_disk_io_bytes_total', 'disk_io_direction', 'read'),
    diskWritten: rate('process_disk_io_bytes_total', 'disk_io_direction', 'write'),
    networkReceived: rate('process_network_io_bytes_total', 'network_io_direction', 'receive'),
    networkSent: rate('process_network_io_bytes_total', 'network_io_direction', 'transmit'),
    rssBytes: after.rssBytes,
    heapUsedBytes: after.heapUsedBytes,
    callsUnderWay: sum(after.samples, 'function_calls_concurrent'),
    bottleneck: after.bottleneck,
    functions,
  };
}

type Labels = Sample['labels'];

function sum(samples: readonly Sample[], name: string, fits: (labels: Labels) => boolean = () => true): number {
  let total = 0;
  for (const sample of samples) if (sample.name === name && fits(sample.labels)) total += sample.value;
  return total;
}

function difference(before: Snapshot, after: Snapshot, name: string, fits?: (labels: Labels) => boolean): number {
  return Math.max(0, sum(after.samples, name, fits) - sum(before.samples, name, fits));
}

/** Functions that were called, the one with the most time in it first. */
function functionFigures(before: Snapshot, after: Snapshot, seconds: number): FunctionFigures[] {
  const then = functionSums(before.samples);
  const figures: FunctionFigures[] = [];
  for (const [key, now] of functionSums(after.samples)) {
    const former = then.get(key);
    const calls = now.calls - (former?.calls ?? 0);
    const spent = now.seconds - (former?.seconds ?? 0);
    if (calls <= 0) continue;
    figures.push({
      name: now.name,
      callsPerSecond: calls / seconds,
      failuresPerSecond: Math.max(0, now.failures - (former?.failures ?? 0)) / seconds,
      meanMs: (spent / calls) * 1_000,
      underWay: spent / seconds,
    });
  }
  return figures.sort((a, b) => b.underWay - a.underWay);
}

function functionSums(samples: readonly Sample[]) {
  const sums = new Map<string, { name: string; calls: number; failures: number; seconds: number }>();
  for (const { name, labels, value } of samples) {
    if (!name.startsWith('function_calls_')) continue;
    const key = `${labels['function']} ${labels['module']}`;
    const entry = sums.get(key) ?? { name: labels['function'] ?? '', calls: 0, failures: 0, seconds: 0 };
    sums.set(key, entry);
    if (name === 'function_calls_duration_seconds_count') entry.calls += value;
    if (name === 'function_calls_duration_seconds_sum') entry.seconds += value;
    if (name === 'function_calls_total' && labels['result'] === 'error') entry.failures += value;
  }
  return sums;
}
