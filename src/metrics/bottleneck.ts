import type { ResourceUse } from './resource-use.ts';

/** What limits a process. */
export type Resource = 'cpu' | 'memory' | 'disk' | 'network';
export const RESOURCES: readonly Resource[] = ['cpu', 'memory', 'disk', 'network'];

/** The resource that limits a process, or none, and the figures that say so. */
export interface Bottleneck {
  readonly resource: Resource | 'none';
  /** One sentence with the figures. */
  readonly why: string;
  /** How near each resource is to limiting: 1 is the point from which it does. */
  readonly pressure: Readonly<Record<Resource, number>>;
}

// The point from which a resource limits and is not only used.
const BUSY_LOOP = 0.8; // of the time: waiting grows as 1/(1 - busy), here it is five times an idle loop's
const RUNNABLE_WAIT = 0.2; // of the time ready without a processor: the machine or its quota is full
const GC = 0.1; // of the time in the collector: V8 speaks of a trashing heap from there
const FULL = 0.9; // of the heap's limit or the container's memory: the next peak ends the process
const DISK_WAIT = 0.2; // of the time waiting for a disk
const OUTGOING = 1; // outgoing calls under way on average while the loop has little to do
const IDLE_LOOP = 0.5;

/**
 * Names which of processor, memory, disk and network limits a process, from two looks at it.
 *
 * Memory goes before the processor, as a full heap shows as a busy loop too; the network comes last, as every other
 * limit makes calls slow as well.
 */
export function bottleneck(before: ResourceUse, now: ResourceUse): Bottleneck {
  const seconds = Math.max(0.001, (now.mono - before.mono) / 1_000);
  const share = (key: 'runnableWaitSeconds' | 'gcSeconds' | 'diskWaitSeconds' | 'outgoingSeconds'): number =>
    Math.max(0, ((now[key] ?? 0) - (before[key] ?? 0)) / seconds);
  const active = now.loopActiveSeconds - before.loopActiveSeconds;
  const loopSeconds = active + now.loopIdleSeconds - before.loopIdleSeconds;
  const busy = loopSeconds > 0 ? active / loopSeconds : 0;
  const [wait, gc, disk, outgoing] = [share('runnableWaitSeconds'), share('gcSeconds'), share('diskWaitSeconds'), share('outgoingSeconds')];
  const heap = now.heapUsedBytes / now.heapLimitBytes;
  const memory = now.rssBytes / now.memoryLimitBytes;
  const pressure = {
    cpu: Math.max(busy / BUSY_LOOP, wait / RUNNABLE_WAIT),
    memory: Math.max(gc / GC, heap / FULL, memory / FULL),
    disk: disk / DISK_WAIT,
    network: busy < IDLE_LOOP ? outgoing / OUTGOING : 0,
  };
  const reasons: Readonly<Record<Resource, string>> = {
    memory: `${percent(gc)} of the time goes to collecting garbage, the heap is ${percent(heap)} of its limit, the process ${percent(memory)} of its memory`,
    cpu: `the event loop is busy ${percent(busy)} of the time and waits ${percent(wait)} of it for a processor`,
    disk: `its threads wait for a disk ${percent(disk)} of the time`,
    network: `${outgoing.toFixed(1)} outgoing calls are under way while the event loop is idle ${percent(1 - busy)} of the time`,
  };
  const resource = (['memory', 'cpu', 'disk', 'network'] as const).find((one) => pressure[one] >= 1);
  return { resource: resource ?? 'none', why: resource ? reasons[resource] : `nothing limits it: ${reasons.cpu}`, pressure };
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
