import { readFileSync } from 'node:fs';
import v8 from 'node:v8';
import { defineReading, type Reading } from './registry.ts';

const US = 1e-6;
const SYSTEM_MS = 5_000; // what `/proc` says of disk and network is read at most this often: two small files

/** Shows what the process uses of processor, memory, disk and network, so that the one that limits it can be named. Returns what ends it. */
export function watchProcess(): () => void {
  let system = readSystem();
  let readAt = performance.now();
  const fresh = (): SystemFigures => {
    if (performance.now() - readAt > SYSTEM_MS) {
      system = readSystem();
      readAt = performance.now();
    }
    return system;
  };
  const stops = [
    defineReading({ type: 'gauge', name: 'process_start_time_seconds', help: 'When the process started, seconds since the Unix epoch' }, () => [
      { value: performance.timeOrigin / 1_000 },
    ]),
    defineReading({ type: 'counter', name: 'process_cpu_seconds_total', help: 'Processor time of the process, all threads' }, () => {
      const { user, system: kernel } = process.cpuUsage();
      return [{ value: (user + kernel) * US }];
    }),
    defineReading({ type: 'gauge', name: 'process_resident_memory_bytes', help: 'Resident memory of the process' }, () => [
      { value: process.memoryUsage.rss() },
    ]),
    defineReading({ type: 'gauge', name: 'v8js_heap_size_limit_bytes', help: 'What the heap may grow to before the process ends' }, () => [
      { value: v8.getHeapStatistics().heap_size_limit },
    ]),
    defineReading({ type: 'gauge', name: 'nodejs_active_resources', help: 'What keeps the event loop alive, by kind', labels: ['type'] }, activeResources),
    defineReading({ type: 'counter', name: 'process_disk_io_bytes_total', help: 'Bytes that went to and from a disk', labels: ['disk_io_direction'] }, () =>
      directions('disk_io_direction', fresh().disk),
    ),
    defineReading(
      {
        type: 'counter',
        name: 'process_network_io_bytes_total',
        help: "Bytes over the network interfaces of the process's namespace, loopback left out",
        labels: ['network_io_direction'],
      },
      () => directions('network_io_direction', fresh().network, 'receive', 'transmit'),
    ),
    defineReading({ type: 'counter', name: 'process_runnable_wait_seconds_total', help: 'Time the main thread was ready and waited for a processor' }, () => {
      const { waitSeconds } = fresh();
      return waitSeconds === undefined ? [] : [{ value: waitSeconds }];
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function directions(label: string, figures: InOut | undefined, into = 'read', out = 'write'): Reading[] {
  if (figures === undefined) return [];
  return [
    { labels: { [label]: into }, value: figures.in },
    { labels: { [label]: out }, value: figures.out },
  ];
}

function activeResources(): Reading[] {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, value]) => ({ labels: { type }, value }));
}

interface InOut {
  readonly in: number;
  readonly out: number;
}
interface SystemFigures {
  readonly disk: InOut | undefined;
  readonly network: InOut | undefined;
  readonly waitSeconds: number | undefined;
}

/** Linux tells them in `/proc`; elsewhere they are left out. */
function readSystem(): SystemFigures {
  return {
    disk: parse('/proc/self/io', diskOf),
    network: parse('/proc/self/net/dev', networkOf),
    waitSeconds: parse(`/proc/self/task/${process.pid}/schedstat`, (text) => Number(text.split(' ')[1]) / 1e9),
  };
}

function parse<T>(path: string, read: (text: string) => T): T | undefined {
  try {
    return read(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** `read_bytes` and `write_bytes` of proc(5). */
export function diskOf(text: string): InOut {
  const figure = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return { in: figure('read_bytes'), out: figure('write_bytes') };
}

/** Sums of the interfaces in `/proc/net/dev` without `lo`. */
export function networkOf(text: string): InOut {
  const sums = { in: 0, out: 0 };
  for (const line of text.split('\n').slice(2)) {
    const [name = '', ...figures] = line.trim().split(/[:\s]+/);
    if (name === '' || name === 'lo') continue;
    sums.in += Number(figures[0] ?? 0);
    sums.out += Number(figures[8] ?? 0);
  }
  return sums;
}
