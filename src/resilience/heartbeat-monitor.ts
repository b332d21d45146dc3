import { clock, type TimerHandle } from '../core/clock.ts';
import { type LoopWatchdog, startLoopWatchdog } from './loop-watchdog.ts';

/** What is watched: asked at each check. */
export interface Watched {
  readonly everyMs: number;
  /** Whether the loop's own watchdog is wanted, to name what blocks. */
  readonly explain: boolean;
  /** `blockedMs` is how long the event loop stood still since the last check; that time is nobody's fault but the loop's. */
  check(mono: number, blockedMs: number, culprit: string | undefined): void;
}

const CHECKS_PER_BEAT = 4; // a stuck worker is told at the latest a quarter of a beat after its time
const MIN_CHECK_MS = 10; // a heartbeat faster than 40 ms is checked less often than four times

const all = new Set<Watched>();
let timer: TimerHandle | undefined;
let dueMono = 0;
let watchdog: LoopWatchdog | undefined;
let checkMs = 0;

/** Watches until the returned function is called. One timer serves all; it never holds the process. */
export function watch(watched: Watched): () => void {
  all.add(watched);
  rearm();
  return () => {
    if (!all.delete(watched)) return;
    rearm();
  };
}

function rearm(): void {
  if (timer !== undefined) clock.clearTimeout(timer);
  timer = undefined;
  if (all.size === 0) {
    watchdog?.stop();
    watchdog = undefined;
    return;
  }
  const fastest = Math.min(...[...all].map(({ everyMs }) => everyMs));
  checkMs = Math.max(MIN_CHECK_MS, fastest / CHECKS_PER_BEAT);
  if (watchdog === undefined && [...all].some(({ explain }) => explain)) watchdog = startLoopWatchdog(Math.max(MIN_CHECK_MS, fastest / 2));
  schedule();
}

function schedule(): void {
  dueMono = clock.mono() + checkMs;
  timer = clock.setTimeout(check, checkMs);
}

/** How long the event loop has stood still: by how much the check is overdue. Half a check late is an ordinary busy moment. */
export function blockedFor(mono: number): number {
  const lateMs = mono - dueMono;
  return timer !== undefined && lateMs > checkMs / 2 ? lateMs : 0;
}

/** The function that the watchdog caught while the loop stood still. */
export function takeCulprit(): string | undefined {
  return watchdog?.takeCulprit();
}

function check(): void {
  const mono = clock.mono();
  const blockedMs = blockedFor(mono);
  watchdog?.beat();
  const culprit = blockedMs > 0 ? takeCulprit() : undefined;
  for (const watched of [...all]) watched.check(mono, blockedMs, culprit);
  if (all.size > 0) schedule();
}
