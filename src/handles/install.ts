import { syncBuiltinESMExports } from 'node:module';
import { clock, type TimerHandle } from '../core/clock.ts';
import { adoptActive } from './adopt.ts';
import { refillSites } from './origin.ts';
import { patchFs } from './patches/fs.ts';
import { patchEventIterators } from './patches/iterators.ts';
import { patchNet } from './patches/net.ts';
import { type Undo, undoAll } from './patches/patch.ts';
import { patchRequests } from './patches/requests.ts';
import { patchThreads } from './patches/threads.ts';
import { patchTimers } from './patches/timers.ts';
import { clearRegistry, sweepEntries, timerLog } from './registry.ts';

/** How often the registry looks at what it holds: forgets the dead, notes use, refills the stack budget, asks for growth. */
const SAMPLE_MS = 10_000; // the shortest growth that is worth a suspicion takes minutes
/**
 * The timer's own period. Node keeps timers of one period in one list, and each list that waits costs the program's timers a little
 * (0.04 µs each): this is the period of the beat that measures the loop's delay, so that both share one.
 */
const BEAT_MS = 500;
const BEATS = SAMPLE_MS / BEAT_MS;

let installs = 0;
let undo: Undo = () => {};
let timer: TimerHandle | undefined;
const samplers = new Set<() => void>();

/**
 * Puts the handle registry in: patches the public functions that open things, and takes up what is open already.
 *
 * Shape: returns the function that takes it out again. Installed twice it is in once, and out when both are undone.
 * Errors: never throws; what cannot be patched stays as it is.
 */
export function installHandles(): () => void {
  if (installs++ === 0) {
    undo = undoAll([patchTimers(), patchNet(), patchFs(), patchThreads(), patchRequests(), patchEventIterators()]);
    syncBuiltinESMExports();
    adoptActive();
  }
  let installed = true;
  return () => {
    if (!installed) return;
    installed = false;
    if (--installs > 0) return;
    undo();
    undo = () => {};
    syncBuiltinESMExports();
    clearRegistry();
  };
}

/**
 * Calls `look` at every sample of the registry, until the returned function is called. Without anybody who looks (in a test run
 * under a guard) there is no sample: the registry is swept when it is read.
 */
export function onSample(look: () => void): () => void {
  samplers.add(look);
  if (samplers.size === 1) sampleLater();
  return () => {
    samplers.delete(look);
    if (samplers.size > 0 || timer === undefined) return;
    clock.clearTimeout(timer);
    timer = undefined;
  };
}

function sampleLater(beatsLeft = BEATS): void {
  timer = clock.setTimeout(() => {
    if (beatsLeft === 1) sample();
    if (samplers.size > 0) sampleLater(beatsLeft === 1 ? BEATS : beatsLeft - 1);
  }, BEAT_MS);
}

/** One look at everything; the timer calls it every 10 s. */
export function sample(): void {
  refillSites();
  sweepEntries();
  timerLog().sweep();
  for (const look of samplers) {
    try {
      look();
    } catch {
      // One look that fails takes no other with it.
    }
  }
}
