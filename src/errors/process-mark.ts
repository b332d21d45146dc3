import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells a process from all others that had or will have its number. */
export interface ProcessMark {
  readonly pid: number;
  readonly host: string;
  /** The machine's start; absent where the system does not tell. */
  readonly boot?: string | undefined;
  /** The process's start in ticks since then: no clock that somebody sets changes it. */
  readonly ticks?: string | undefined;
}

/** The mark of this process. */
export function ownMark(): ProcessMark {
  return { pid: process.pid, host: hostname(), boot: bootId(), ticks: ticksOf(process.pid) };
}

/** Whether the process of a mark still runs; `undefined` where that cannot be seen from here (another host). */
export function markRuns(mark: ProcessMark): boolean | undefined {
  if (mark.host !== hostname()) return undefined;
  if (mark.boot !== undefined && mark.boot !== bootId()) return false;
  if (!hasProcess(mark.pid)) return false;
  const ticks = ticksOf(mark.pid);
  return mark.ticks === undefined || ticks === undefined || ticks === mark.ticks;
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of `/proc/<pid>/stat`; the command in field 2 may hold spaces and parentheses. */
function ticksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}
