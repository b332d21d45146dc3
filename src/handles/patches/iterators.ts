import events from 'node:events';
import { ITERATOR, Iteration } from '../kinds.ts';
import { noteClosed, noteOpened } from '../registry.ts';
import { patchMethod, quietly, type Undo } from './patch.ts';

// The registry holds the Iteration weakly: it lives exactly as long as the iterator it stands for.
const works = new WeakMap<object, Iteration>();
/** Node's interval ticks on where its iterator was dropped. */
const running = new Set<Iteration>();

/** Notes an async iterator until it ends: by `return()`, by `throw()`, by an error, or by itself. `holds`: once it runs, it keeps the process alive. */
export function watchIterator(iterator: AsyncIterator<unknown>, detail: string, below: (...args: never[]) => unknown, holds = false): void {
  const work = new Iteration(detail);
  works.set(iterator, work);
  noteOpened(ITERATOR, work, below);
  const begin = (): void => {
    if (!holds || work.done) return;
    work.holds = true;
    running.add(work);
  };
  const end = (): void => {
    work.done = true;
    running.delete(work);
    noteClosed(work);
  };
  for (const key of ['next', 'return', 'throw'] as const) {
    const original = iterator[key];
    if (typeof original === 'function')
      Object.defineProperty(iterator, key, { value: step(key, original, begin, end), configurable: true, writable: true, enumerable: false });
  }
}

function step(key: 'next' | 'return' | 'throw', original: (...args: never[]) => unknown, begin: () => void, end: () => void): unknown {
  const stepped = function (this: unknown, ...args: unknown[]): unknown {
    const result = Reflect.apply(original as (...args: unknown[]) => unknown, this, args) as Promise<IteratorResult<unknown>>;
    if (key !== 'next') {
      end();
      return result;
    }
    begin();
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
    function wrapped(this: unknown, _emitter: unknown, event: string | symbol): unknown {
      const iterator = Reflect.apply(original, this, arguments) as AsyncIterator<unknown>;
      if (enabled()) quietly(() => watchIterator(iterator, `events.on(${String(event)})`, wrapped));
      return iterator;
    }
    return wrapped as unknown as typeof events.on;
  });
}
