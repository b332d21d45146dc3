import type { Figures } from './figures.ts';

/** What a process waits for most. */
export type Bottleneck = 'cpu' | 'memory' | 'disk' | 'waiting' | 'none';

export interface Verdict {
  readonly bottleneck: Bottleneck;
  readonly why: string;
}

// Above these the thing is what limits, not only what is used. A loop that is busy 80 % of the time answers late (waiting
// grows as 1/(1 - busy)); 10 % in the collector is what V8 itself calls mutator trouble; a disk wait of a fifth is seen by users.
const BUSY_LOOP = 0.8;
const MUCH_GC = 0.1;
const MUCH_DISK = 0.2;
const IDLE_LOOP = 0.5;

/** Names which of the resources limits the process, with the figures. Memory goes first: a full heap shows as CPU too. */
export function verdictOf(figures: Figures): Verdict {
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  if (figures.gcShare >= MUCH_GC)
    return {
      bottleneck: 'memory',
      why: `${percent(figures.gcShare)} of the time goes to collecting garbage: see "sonde profile heap" and "sonde profile allocs"`,
    };
  if (figures.loopBusy >= BUSY_LOOP) return { bottleneck: 'cpu', why: `the event loop is busy ${percent(figures.loopBusy)} of the time: see "sonde profile"` };
  if ((figures.diskWait ?? 0) >= MUCH_DISK) return { bottleneck: 'disk', why: `it waits for the disk ${percent(figures.diskWait ?? 0)} of the time` };
  const [first] = figures.functions;
  if (first && first.underWay >= 1 && figures.loopBusy < IDLE_LOOP) {
    return {
      bottleneck: 'waiting',
      why: `the loop is idle ${percent(1 - figures.loopBusy)} of the time while ${first.underWay.toFixed(1)} calls of ${first.name} are under way: the time goes to what it calls`,
    };
  }
  return { bottleneck: 'none', why: `the event loop is busy ${percent(figures.loopBusy)} of the time` };
}
