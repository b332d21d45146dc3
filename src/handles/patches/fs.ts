import fs from 'node:fs';
import { FILE, FILE_DESCRIPTOR, type Kind, STAT_WATCHER, STREAM, WATCHER, Work, watcherClosed } from '../kinds.ts';
import { captureSite, maySpend, NODE, OWN } from '../origin.ts';
import { enter, noteClosed, noteOpened } from '../registry.ts';
import { watchIterator } from './iterators.ts';
import { patchMethod, quietly, type Undo, undoAll } from './patch.ts';

type Anything = (...args: never[]) => unknown;

/** The calls of ours that are under way: what `fs` opens inside them (a recursive watcher opens one a folder) is part of them. */
let depth = 0;
/** Closed watchers: their class is told by the first one that is seen. */
let closePatch: Undo = () => {};

/** Watchers, streams, file handles and file descriptors. */
export function patchFs(): Undo {
  const undos = [
    patchMethod(fs, 'watch', opening(WATCHER, pathOf, patchWatcherClose)),
    patchMethod(fs, 'watchFile', opening(STAT_WATCHER, pathOf)),
    patchMethod(fs, 'createReadStream', opening(STREAM, pathOf)),
    patchMethod(fs, 'createWriteStream', opening(STREAM, pathOf)),
    patchMethod(fs.promises, 'open', openingLater),
    patchMethod(fs.promises as { watch: typeof fs.promises.watch }, 'watch', watchingIterator),
    ...patchDescriptors(),
  ];
  return () => {
    closePatch();
    closePatch = () => {};
    undoAll(undos)();
    descriptors.clear();
  };
}

function opening<F>(
  kind: Kind,
  describe: (args: IArguments) => string | undefined,
  seen?: (handle: object) => void,
): (original: F, enabled: () => boolean) => F {
  return (original, enabled) => {
    function wrapped(this: unknown): unknown {
      if (!enabled() || depth > 0) return Reflect.apply(original as Anything, this, arguments);
      depth++;
      let handle: unknown;
      try {
        handle = Reflect.apply(original as Anything, this, arguments);
      } finally {
        depth--;
      }
      if (typeof handle === 'object' && handle !== null) {
        quietly(() => {
          noteOpened(kind, handle, wrapped, describe(arguments));
          seen?.(handle);
        });
      }
      return handle;
    }
    return wrapped as F;
  };
}

/** `FSWatcher` is not exported, and a recursive one has no handle to ask: its `close` tells. */
function patchWatcherClose(watcher: object): void {
  const owner = Object.getPrototypeOf(watcher) as { close: () => void };
  if (patchedClasses.has(owner)) return;
  patchedClasses.add(owner);
  const undo = patchMethod(owner, 'close', (original, enabled) => {
    function wrapped(this: object): void {
      if (enabled()) watcherClosed(this);
      Reflect.apply(original, this, arguments);
    }
    return wrapped;
  });
  const former = closePatch;
  closePatch = () => {
    undo();
    patchedClasses.delete(owner);
    former();
  };
}
const patchedClasses = new Set<object>();

function openingLater(original: typeof fs.promises.open, enabled: () => boolean): typeof fs.promises.open {
  async function wrapped(this: unknown): Promise<fs.promises.FileHandle> {
    const promise = Reflect.apply(original as Anything, this, arguments) as Promise<fs.promises.FileHandle>;
    if (!enabled()) return promise;
    // The site is on the stack now, the handle comes later.
    const site = maySpend() ? captureSite(wrapped) : undefined;
    const handle = await promise;
    if (site !== OWN) quietly(() => enter(FILE, handle, site, pathOf(arguments)));
    return handle;
  }
  return wrapped as typeof fs.promises.open;
}

function watchingIterator(original: typeof fs.promises.watch, enabled: () => boolean): typeof fs.promises.watch {
  function wrapped(this: unknown): unknown {
    const iterator = Reflect.apply(original as Anything, this, arguments) as AsyncIterator<unknown>;
    if (enabled()) quietly(() => watchIterator(iterator, `watch(${pathOf(arguments) ?? ''})`, wrapped));
    return iterator;
  }
  return wrapped as typeof fs.promises.watch;
}

const descriptors = new Map<number, Work>();

function patchDescriptors(): Undo[] {
  return [
    patchMethod(fs, 'openSync', (original, enabled) => {
      function wrapped(this: unknown): number {
        const fd = Reflect.apply(original as Anything, this, arguments) as number;
        if (enabled() && depth === 0) quietly(() => opened(fd, pathOf(arguments), wrapped));
        return fd;
      }
      return wrapped as typeof original;
    }),
    patchMethod(fs, 'open', (original, enabled) => {
      function wrapped(this: unknown, ...args: unknown[]): void {
        const done = args.at(-1);
        const site = enabled() && depth === 0 && maySpend() ? captureSite(wrapped) : undefined;
        // A stream opens its file a moment after it was made: the stream is listed, not its file too.
        if (enabled() && depth === 0 && site !== OWN && site !== NODE && typeof done === 'function') {
          const work = new Work(typeof args[0] === 'string' ? args[0] : undefined);
          quietly(() => enter(FILE_DESCRIPTOR, work, site));
          args[args.length - 1] = function (this: unknown, error: unknown, fd: number): unknown {
            if (error) end(work);
            else hold(fd, work);
            return Reflect.apply(done as Anything, this, arguments);
          };
        }
        Reflect.apply(original as Anything, this, args);
      }
      return wrapped as unknown as typeof original;
    }),
    patchMethod(fs, 'closeSync', closing),
    patchMethod(fs, 'close', closing),
  ];
}

function closing<F>(original: F): F {
  function wrapped(this: unknown, fd: number): unknown {
    const work = descriptors.get(fd);
    if (work) {
      descriptors.delete(fd);
      end(work);
    }
    return Reflect.apply(original as Anything, this, arguments);
  }
  return wrapped as F;
}

function opened(fd: number, detail: string | undefined, below: (...args: never[]) => unknown): void {
  const work = new Work(detail);
  if (noteOpened(FILE_DESCRIPTOR, work, below)) hold(fd, work);
}

/** A number that is open again was closed by a way we do not see. */
function hold(fd: number, work: Work): void {
  const former = descriptors.get(fd);
  if (former) end(former);
  descriptors.set(fd, work);
}

function end(work: Work): void {
  work.done = true;
  noteClosed(work);
}

function pathOf(args: IArguments): string | undefined {
  const path: unknown = args[0];
  if (typeof path === 'string') return path;
  return path instanceof URL ? path.pathname : undefined;
}
