import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Which leak guard a piece of code runs under. It is kept apart from the program's scope, which a test under a guard must find as it is
 * without one, and it exists only once there is a guard: a program that runs no leak check never pays for it.
 */
let storage: AsyncLocalStorage<object | undefined> | undefined;
const timers = new WeakMap<object, object>();

/** The mark of the running code. */
export function currentMark(): object | undefined {
  return storage?.getStore();
}

export function enterMark(mark: object | undefined): void {
  storage ??= new AsyncLocalStorage();
  storage.enterWith(mark);
}

export function runWithMark<T>(mark: object, fn: () => T): T {
  storage ??= new AsyncLocalStorage();
  return storage.run(mark, fn);
}

/** Notes the mark of a timer; those have no entry of their own to keep it in. */
export function markTimer(timer: object): void {
  const mark = storage?.getStore();
  if (mark !== undefined) timers.set(timer, mark);
}

export function markOfTimer(timer: object): object | undefined {
  return timers.get(timer);
}
