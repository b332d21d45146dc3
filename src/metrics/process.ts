import { performance } from 'node:perf_hooks';
import { defineReading } from './registry.ts';

const S_PER_US = 1e-6;
const S_PER_MS = 1e-3;

/** CPU, memory and start of the process, under the names that every Prometheus client uses. Returns what ends it. */
export function watchProcess(): () => void {
  const stops = [
    defineReading({ type: 'gauge', name: 'process_start_time_seconds', help: 'When the process started, seconds since the Unix epoch' }, () => [
      { value: performance.timeOrigin * S_PER_MS },
    ]),
    defineReading({ type: 'counter', name: 'process_cpu_seconds_total', help: 'CPU time of the process, user and system' }, () => {
      const { user, system } = process.cpuUsage();
      return [{ value: (user + system) * S_PER_US }];
    }),
    defineReading({ type: 'gauge', name: 'process_resident_memory_bytes', help: 'Resident memory of the process' }, () => [
      { value: process.memoryUsage.rss() },
    ]),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
