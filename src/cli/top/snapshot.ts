import { readFileSync } from 'node:fs';
import { askJson, type RunningProcess, refused } from '../process-client.ts';
import { parseExposition, type Sample } from './exposition.ts';

/** A process at one moment. */
export interface Snapshot {
  readonly atMs: number;
  readonly service: string;
  readonly pid: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly samples: readonly Sample[];
  /** What the operating system says, where the process runs on this machine and the system tells it. */
  readonly system: SystemFigures | undefined;
}

/** Since the process began. */
export interface SystemFigures {
  readonly cpuSeconds: number;
  /** Waited for a disk. */
  readonly blockedSeconds: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

const TICKS = 100; // of a second: USER_HZ, fixed on every Linux that Node runs on

/** Asks a process how it is. `local` says that its process ID is one of this machine. */
export async function takeSnapshot(target: RunningProcess, local: boolean): Promise<Snapshot> {
  const facts = (await askJson(target, 'GET', '/debug?format=json')) as { service?: string; pid?: number; rssBytes?: number; heapUsedBytes?: number };
  const page = await target.request('GET', '/metrics', { accept: 'text/plain' });
  if (page.status !== 200) throw refused(target, '/metrics', page.status, page.body.toString('utf8'));
  return {
    atMs: performance.now(),
    service: facts.service ?? '',
    pid: facts.pid ?? 0,
    rssBytes: facts.rssBytes ?? 0,
    heapUsedBytes: facts.heapUsedBytes ?? 0,
    samples: parseExposition(page.body.toString('utf8')),
    system: local && facts.pid ? readSystem(facts.pid) : undefined,
  };
}

/** Linux only; anywhere else the figures are left out. */
export function readSystem(pid: number): SystemFigures | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number); // the name before may hold anything
    const io = readFileSync(`/proc/${pid}/io`, 'utf8');
    const bytes = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)?.[1] ?? 0);
    // Fields 14, 15 and 42 of proc(5), which counts from 1 and has two before the name's end.
    return {
      cpuSeconds: ((fields[11] ?? 0) + (fields[12] ?? 0)) / TICKS,
      blockedSeconds: (fields[39] ?? 0) / TICKS,
      readBytes: bytes('read_bytes'),
      writtenBytes: bytes('write_bytes'),
    };
  } catch {
    return undefined;
  }
}
