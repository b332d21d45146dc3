import { isMainThread } from 'node:worker_threads';
import { runBeforeEnd } from '../core/before-end.ts';
import type { FlushMode } from './messages.ts';

/** What the end of the process drains. */
export interface Drainable {
  drainSync(withinMs: number, mode?: FlushMode): void;
}

/** Those that end a process and are sent by people and their tools: supervisors, terminals (SIGHUP, SIGQUIT), nodemon (SIGUSR2). Windows cannot send the last three again. */
const SIGNALS: readonly NodeJS.Signals[] = process.platform === 'win32' ? ['SIGTERM', 'SIGINT'] : ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
/** Where the program handles the signal itself, its handler must not wait longer than this for ours. */
const SHARED_SIGNAL_MS = 500;

/** Pipelines of this thread; the listeners are there as long as there is one. */
const drainables = new Map<Drainable, number>();

/**
 * Drains at the end of the process, however it ends: by itself, `process.exit()`, an exception, a signal. Exit code,
 * signal and Node's own messages stay as they are. Returns a function that takes the hooks away.
 */
export function installExitHooks(drainable: Drainable, withinMs: number): () => void {
  if (drainables.size === 0) listen();
  drainables.set(drainable, withinMs);
  return () => {
    if (drainables.delete(drainable) && drainables.size === 0) unlisten();
  };
}

function listen(): void {
  process.on('exit', onExit);
  if (isMainThread) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
}

function unlisten(): void {
  process.off('exit', onExit);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

function onExit(): void {
  for (const [drainable, withinMs] of drainables) drainable.drainSync(withinMs);
}

/**
 * A listener of ours takes away the signal's default action, so it is given back: where nobody else listens, the signal is
 * sent again. Where others do, they see a process on which we never listened (libraries count listeners to decide
 * whether they should end it); one of them may end it in this very tick, so what there is goes to safety first.
 */
function onSignal(signal: NodeJS.Signals): void {
  for (const name of SIGNALS) process.off(name, onSignal);
  const alone = process.listenerCount(signal) === 0;
  for (const [drainable, withinMs] of drainables) {
    if (alone) drainable.drainSync(withinMs);
    else drainable.drainSync(Math.min(withinMs, SHARED_SIGNAL_MS), 'park');
  }
  if (alone) {
    runBeforeEnd();
    process.kill(process.pid, signal);
  } else
    setImmediate(() => {
      if (drainables.size > 0) for (const name of SIGNALS) process.prependListener(name, onSignal);
    }).unref();
}
