import events from 'node:events';
import { ITERATOR, Iteration } from '../kinds.ts';
import { noteClosed, noteOpened } from '../registry.ts';
import { patchMethod, quietly, type Undo } from './patch.ts';

// The registry holds the Iteration weakly: it lives exactly as long as the iterator it stands for.
const works = new WeakMap<object, Iteration>();
/** Node's interval ticks on where its iterator was dropped. */
const running = new Set<Iteration>();

/** What of an iterator decides how long it is open. */
interface Source {
  /** Its source runs from the first step on, and keeps the process alive. */
  readonly startsLate?: boolean;
  readonly holds?: boolean;
  /** Ends it, whether or not somebody takes a step then. */
  readonly signal?: unknown;
}

/** Notes an async iterator until it ends: by `return()`, by `throw()`, by its signal, by an error, or by itself. */
export function watchIterator(iterator: AsyncIterator<unknown>, detail: string, below: (...args: never[]) => unknown, source: Source = {}): void {
  const work = new Iteration(detail);
  const signal = source.signal instanceof AbortSignal ? source.signal : undefined;
  works.set(iterator, work);
  noteOpened(ITERATOR, work, below);
  const start = (): void => {
    if (work.done) return;
    signal?.addEventListener('abort', end, { once: true }); // as Node itself does; the second time changes nothing
    if (!source.holds) return;
    work.holds = true;
    running.add(work);
  };
  const end = (): void => {
    work.done = true;
    running.delete(work);
    signal?.removeEventListener('abort', end);
    noteClosed(work);
  };
  if (signal?.aborted) end();
  else if (!source.startsLate) start();
  for (const key of ['next', 'return', 'throw'] as const) {
    const original = iterator[key];
    if (typeof original === 'function')
      Object.defineProperty(iterator, key, { value: step(key, original, start, end), configurable: true, writable: true, enumerable: false });
  }
}

function step(key: 'next' | 'return' | 'throw', original: (...args: never[]) => unknown, start: () => void, end: () => void): unknown {
  const stepped = function (this: unknown, ...args: unknown[]): unknown {
    const result = Reflect.apply(original as (...args: unknown[]) => unknown, this, args) as Promise<IteratorResult<unknown>>;
    if (key !== 'next') {
      end();
      return result;
    }
    start();
    // The derived promise is what the caller gets, so that a rejection nobody handles is still one nobody handles.
    return result.then(
      (value) => {
        if (value?.done) end();
        return value;
      },
      (error: unknown) => {
        end();
        throw error;
      },
    );
  };
  Object.defineProperty(stepped, 'name', { value: key, configurable: true });
  Object.defineProperty(stepped, 'length', { value: original.length, configurable: true });
  return stepped;
}

/** Patches `events.on`. */
export function patchEventIterators(): Undo {
  return patchMethod(events as { on: typeof events.on }, 'on', (original, enabled) => {
    function wrapped(this: unknown, _emitter: unknown, event: string | symbol, options?: { signal?: unknown }): unknown {
      const iterator = Reflect.apply(original, this, arguments) as AsyncIterator<unknown>;
      if (enabled()) quietly(() => watchIterator(iterator, `events.on(${String(event)})`, wrapped, { signal: options?.signal }));
      return iterator;
    }
    return wrapped as unknown as typeof events.on;
  });
}
