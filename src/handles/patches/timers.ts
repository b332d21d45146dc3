import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { noteImmediate } from '../immediates.ts';
import { SLEEP, setReferenced } from '../kinds.ts';
import { isGuarded, maySpend, sampled } from '../origin.ts';
import { isLong, noteBareTimer, noteOpened, noteTimer } from '../registry.ts';
import type { TimerInternals } from '../timer-log.ts';
import { watchIterator } from './iterators.ts';
import { patchMethod, quietly, type Undo, undoAll } from './patch.ts';

type AnyFunction = (...args: never[]) => unknown;

/** Node keeps its lists of timers in an array by their delay: a long one would make it a slow map for the rest of the process. */
const PROBE_MS = 1;

/** Whether this Node's timers tell what the log asks them. */
export function timersAreReadable(): boolean {
  const probe = setTimeout(() => {}, PROBE_MS) as unknown as TimerInternals;
  const fresh = probe._destroyed === false && typeof probe._idleStart === 'number' && typeof probe.hasRef === 'function';
  clearTimeout(probe as unknown as NodeJS.Timeout);
  return fresh && (probe._destroyed as boolean) === true;
}

/** Patches `setTimeout`, `setInterval` and `setImmediate`, globals and `node:timers` alike, and `timers/promises`. */
export function patchTimers(): Undo {
  const undos: Undo[] = [];
  if (timersAreReadable()) {
    const timeout = shared(globalThis.setTimeout, timeoutWrapper);
    const interval = shared(globalThis.setInterval, intervalWrapper);
    for (const home of [globalThis, timers] as { setTimeout: typeof setTimeout; setInterval: typeof setInterval }[]) {
      undos.push(patchMethod(home, 'setTimeout', timeout), patchMethod(home, 'setInterval', interval));
    }
  }
  const immediate = shared(globalThis.setImmediate, immediateWrapper);
  for (const home of [globalThis, timers] as { setImmediate: typeof setImmediate }[]) undos.push(patchMethod(home, 'setImmediate', immediate));
  undos.push(patchMethod(timersPromises, 'setTimeout', sleepWrapper), patchMethod(timersPromises, 'setInterval', intervalIteratorWrapper));
  return undoAll(undos);
}

/** The global and the one of `node:timers` are the same function before the patch, and must be after it. */
function shared<F extends AnyFunction>(original: F, wrap: (original: F, enabled: () => boolean) => F): (found: F, enabled: () => boolean) => F {
  let made: F | undefined;
  return (found, enabled) => {
    if (found !== original) return wrap(found, enabled);
    made ??= wrap(found, enabled);
    return made;
  };
}

const timeoutWrapper = (original: typeof setTimeout, enabled: () => boolean): typeof setTimeout => {
  function wrapped(this: unknown, callback: () => void, after?: number): NodeJS.Timeout {
    const timer = arguments.length <= 2 ? original(callback, after) : (Reflect.apply(original, this, arguments) as NodeJS.Timeout);
    if (enabled()) {
      try {
        if (isLong(after) ? maySpend() : sampled()) noteTimer(timer as unknown as TimerInternals, wrapped);
        else noteBareTimer(timer as unknown as TimerInternals);
      } catch {
        // See quietly(); written out, because a closure a timer would double the cost.
      }
    }
    return timer;
  }
  return wrapped as typeof setTimeout;
};

const intervalWrapper = (original: typeof setInterval, enabled: () => boolean): typeof setInterval => {
  function wrapped(this: unknown): NodeJS.Timeout {
    const timer = Reflect.apply(original, this, arguments) as NodeJS.Timeout;
    if (enabled()) quietly(() => noteTimer(timer as unknown as TimerInternals, maySpend() ? wrapped : undefined));
    return timer;
  }
  return wrapped as typeof setInterval;
};

const immediateWrapper = (original: typeof setImmediate, enabled: () => boolean): typeof setImmediate => {
  function wrapped(this: unknown, callback: () => void): NodeJS.Immediate {
    const isReleased = enabled() && noteImmediate(wrapped);
    const immediate = arguments.length === 1 ? original(callback) : (Reflect.apply(original, this, arguments) as NodeJS.Immediate);
    if (isReleased) immediate.unref();
    return immediate;
  }
  return wrapped as unknown as typeof setImmediate;
};

const sleepWrapper = (original: typeof timersPromises.setTimeout, enabled: () => boolean): typeof timersPromises.setTimeout => {
  function wrapped(this: unknown, delay?: number, _value?: unknown, options?: { ref?: boolean }): Promise<unknown> {
    const promise = Reflect.apply(original, this, arguments) as Promise<unknown>;
    if (enabled() && (isLong(delay) || isGuarded())) {
      quietly(() => {
        noteOpened(SLEEP, promise, wrapped, `${delay}ms`);
        if (options?.ref === false) setReferenced(promise, false);
      });
    }
    return promise;
  }
  return wrapped as typeof timersPromises.setTimeout;
};

const intervalIteratorWrapper = (original: typeof timersPromises.setInterval, enabled: () => boolean): typeof timersPromises.setInterval => {
  function wrapped(this: unknown, delay?: number, _value?: unknown, options?: { ref?: boolean; signal?: unknown }): AsyncIterator<unknown> {
    const iterator = Reflect.apply(original, this, arguments) as AsyncIterator<unknown>;
    const source = { startsLate: true, holds: options?.ref !== false, signal: options?.signal };
    if (enabled()) quietly(() => watchIterator(iterator, `setInterval(${delay ?? 1}ms)`, wrapped, source));
    return iterator;
  }
  return wrapped as typeof timersPromises.setInterval;
};
