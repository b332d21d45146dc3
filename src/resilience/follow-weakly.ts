import { getEventListeners } from 'node:events';
import { onAbort } from '../core/on-abort.ts';

/** A signal does not hold its controller. */
const controllers = new WeakMap<AbortSignal, AbortController>();
const forgotten = new FinalizationRegistry<() => void>((stop) => stop());

/**
 * Aborts `controller` when `outer` aborts, for as long as somebody holds its signal: the outer signal does not. Where nobody
 * listens it does nothing.
 */
export function followWeakly(outer: AbortSignal, controller: AbortController): void {
  if (getEventListeners(controller.signal, 'abort').length === 0) return;
  controllers.set(controller.signal, controller);
  const held = new WeakRef(controller.signal);
  const stop = onAbort(outer, () => {
    const signal = held.deref();
    if (signal) controllers.get(signal)?.abort(outer.reason);
  });
  forgotten.register(controller.signal, stop);
}
